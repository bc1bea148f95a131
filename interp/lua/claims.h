// SPDX-License-Identifier: GPL-2.0-only
// claim(), skip(), fail(), note() and the helpers for durations: docs/lua.md has what they do.
#pragma once

#include <lua.hpp>
#include <string_view>

#include "interp/lua/state.h"

namespace ktstr::lua {

// Sets them as globals. May raise an error for want of memory.
void add_claim_functions(lua_State* state);

// Within max_notes and max_note_bytes; one note says that others were left out.
void add_note(Context& context, std::string_view text);

} // namespace ktstr::lua
