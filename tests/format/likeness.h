// SPDX-License-Identifier: GPL-2.0-only
// What two texts must have in common if one is the other in another layout. Found without the formatter's own tokens.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "interp/syntax/tree.h"

namespace ktstr::format {

struct Substance {
    std::string tokens;                // all bytes but blanks and comments, and commas before a closing bracket
    std::vector<std::string> comments; // without trailing blanks
    std::string tree;                  // kinds, nesting, and the texts of the leaves

    bool operator==(const Substance&) const = default;
};

// Of a text without errors; nothing if it has any.
std::optional<Substance> substance(const std::string& text);

// The canonical layout; the test fails if there is none.
std::string formatted(const std::string& text);

// A stretch of a text that is a string or a Lua text, a comment, or blanks; or what is between such.
struct Stretch {
    enum class Kind { code, verbatim, comment, blanks } kind;
    std::string text;
};
std::vector<Stretch> stretches(const std::string& text, const syntax::Tree& tree);

} // namespace ktstr::format
