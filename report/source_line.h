// SPDX-License-Identifier: GPL-2.0-only
// The line of a .ktl file that a result is about.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "interp/plan/plan.h"
#include "report/result.h"

namespace ktstr::report {

// The text of the line at `position`, or none if it cannot be read (a file of the built-in library, a moved file).
using SourceLine = std::function<std::optional<std::string>(const ScenarioResult&, const plan::SourcePosition&)>;

// Reads it from the scenario's file, or from the file that lies at `position.file` below the root that the scenario's
// own path and position imply.
std::optional<std::string> read_source_line(const ScenarioResult& result, const plan::SourcePosition& position);

// "scenarios/even.ktl:12:5", with the path as the user named it where that is known.
std::string location(const ScenarioResult& result, const plan::SourcePosition& position);

// The line with its number and a caret under the column:
//      12 |     spread(hot) <= 15%
//         |     ^
std::string quoted_source(const std::string& line, const plan::SourcePosition& position, const std::string& indent);

} // namespace ktstr::report
