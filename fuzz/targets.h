// SPDX-License-Identifier: GPL-2.0-only
// What the fuzzers try. Each takes any bytes and returns what was found wrong in this program, or nothing: a wrong
// input is none of its faults. Crashes, hangs and memory without bounds show by themselves.
#pragma once

#include <string>
#include <string_view>

namespace ktstr::fuzz {

// A .ktl text, compiled: each message must point into the text, and each plan must survive being written and read.
std::string try_ktl(std::string_view input);

// A value of -P, which meets parameters of several types.
std::string try_expression(std::string_view input);

// A plan file: what can be read must survive being written and read again.
std::string try_plan(std::string_view input);

} // namespace ktstr::fuzz
