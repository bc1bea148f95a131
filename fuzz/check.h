// SPDX-License-Identifier: GPL-2.0-only
// What holds for everything that the compiler gives back.
#pragma once

#include <string>

#include "interp/compile/compile.h"

namespace ktstr::fuzz {

// What is wrong with the messages and the plans that a text gives, or nothing.
std::string check_compilation(const std::string& text, const CompileOptions& options);

// What is wrong with a plan that a file of its own could hold, or nothing.
std::string check_round_trip(const plan::Plan& plan);

} // namespace ktstr::fuzz
