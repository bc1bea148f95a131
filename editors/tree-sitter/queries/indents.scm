; SPDX-License-Identifier: GPL-2.0-only
; The captures of Neovim's nvim-treesitter and of Helix.
[(block) (list) (arguments) (record)] @indent @indent.begin
["}" "]" ")"] @outdent @indent.branch @indent.end
(lua_block) @indent.ignore
