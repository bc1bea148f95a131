; SPDX-License-Identifier: GPL-2.0-only
((lua_code) @injection.content
  (#set! injection.language "lua"))
