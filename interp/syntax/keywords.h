// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string_view>
#include <vector>

namespace ktstr::syntax {

struct Keyword {
    enum class Class { declaration, setting, op, expectation, word, constant };
    std::string_view text;
    Class keyword_class;
};

// Every keyword of the language, in the order of keywords.def.
const std::vector<Keyword>& keywords();
std::string_view to_string(Keyword::Class keyword_class);

// Whether the word begins statements or joins conditions, and so cannot be a name.
bool is_reserved(std::string_view word);
// Whether the word stands before or between conditions: not even with a `.` behind it is it a value.
bool is_operator(std::string_view word);
// Whether a line that begins with the word most likely begins a statement: where to go on after an error.
bool begins_statement(std::string_view word);

} // namespace ktstr::syntax
