// SPDX-License-Identifier: GPL-2.0-only
// Files of any length to measure the language with.
#pragma once

#include <string>

namespace ktstr::bench {

// A .ktl file of about this many lines: scenarios of some twenty lines each, with steps, cgroups, loops and
// expectations.
std::string ktl_source(int lines);

// What comes closest to it in Lua, with as many lines: a table for each scenario.
std::string lua_source(int lines);

} // namespace ktstr::bench
