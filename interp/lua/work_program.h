// SPDX-License-Identifier: GPL-2.0-only
// The Lua of a custom work loop, which runs in the guest.
#pragma once

#include "interp/lua/parse.h"

namespace ktstr::lua {

// Like parse_lua: a work loop is the same language as a check; what it may call differs.
inline std::optional<LuaProblem> parse_work_program(std::string_view program, std::string_view chunk_name,
                                                    int first_line) {
    return parse_lua(program, chunk_name, first_line);
}

} // namespace ktstr::lua
