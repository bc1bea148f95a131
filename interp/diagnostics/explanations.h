// SPDX-License-Identifier: GPL-2.0-only
// What each diagnostic code means, at length: explanations/E0123.md.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "interp/diagnostics/diagnostic.h"

namespace ktstr {

struct Explanation {
    std::string text;                         // paragraphs
    std::string wrong;                        // a file that gives the code; empty if no text can
    std::string right;                        // the same file, mended
    std::map<std::string, std::string> files; // that the two use, by name
};

Explanation explanation(Code code);

// "e0203" or "E0203"; null if there is no such code.
const CodeInfo* find_code(std::string_view name);

// The explanation for people, ends with a line end.
std::string render_explanation(const CodeInfo& code);

// {"code", "severity", "summary"}, and of one code {"explanation", "wrong", "right", "files"}.
nlohmann::json to_json(const CodeInfo& code);
nlohmann::json explanation_to_json(const CodeInfo& code);

} // namespace ktstr
