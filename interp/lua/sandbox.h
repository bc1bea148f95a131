// SPDX-License-Identifier: GPL-2.0-only
// The globals that a check begins with: the part of Lua's standard library that reaches nothing of the host, and none
// of whose functions can run for long without being counted.
#pragma once

#include <lua.hpp>

namespace ktstr::lua {

// Replaces the state's globals. May raise an error for want of memory: call it in protected mode.
void open_sandbox(lua_State* state);

// string.find, match, gmatch and gsub on PatternMatcher; into the table on top of the stack.
void add_pattern_functions(lua_State* state);

// Pushes the text of a value as print and tostring show it: without addresses, which differ from run to run.
void push_as_text(lua_State* state, int index);

} // namespace ktstr::lua
