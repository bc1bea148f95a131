// SPDX-License-Identifier: GPL-2.0-only
// Compiling a text in a test.
#pragma once

#include <string>

#include "interp/compile/compile.h"

namespace ktstr::test {

// The text as the file test.ktl, compiled.
CompileResult compile_text(const std::string& text, const CompileOptions& options = {});

// The plan of the only scenario; fails the test with the messages if the text does not compile.
plan::Plan plan_of(const std::string& text, const CompileOptions& options = {});

// A scenario around statements: 1n2l4c1t, 4s.
plan::Plan plan_of_scenario(const std::string& statements, const CompileOptions& options = {});

// The codes of the diagnostics, in order, with blanks between.
std::string codes(const CompileResult& result);
std::string codes_of(const std::string& text);
std::string codes_of_scenario(const std::string& statements);

// All diagnostics as the user sees them.
std::string rendered(const CompileResult& result);

} // namespace ktstr::test
