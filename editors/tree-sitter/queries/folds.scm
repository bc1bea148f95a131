; SPDX-License-Identifier: GPL-2.0-only
[(block) (list) (lua_block)] @fold
