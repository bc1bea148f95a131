// SPDX-License-Identifier: GPL-2.0-only
// Diagnostics as text for people and as JSON for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "interp/diagnostics/diagnostic.h"

namespace ktstr {

// The message with its place, the source line, a caret under the span, and the hint:
//
//   a.ktl:3:12: error[E0203]: no work type `spin_wiat`
//     3 |   workers 2 of spin_wiat
//       |                ^^^^^^^^^
//     hint: did you mean `spin_wait`?
//
// Ends with a line end. `colour` adds ANSI escapes. Control characters of the source are shown as '?'.
std::string render(const Diagnostic& diagnostic, bool colour = false);

// One source line with a caret under `length` characters from `column` (from 1). Long lines are cut around the caret.
std::string render_source_line(std::string_view line, int line_number, int column, int length, bool colour = false);

// {"type": "diagnostic", "code", "severity", "file", "line", "column", "end_line", "end_column", "message", "hint"}
nlohmann::json to_json(const Diagnostic& diagnostic);

} // namespace ktstr
