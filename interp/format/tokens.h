// SPDX-License-Identifier: GPL-2.0-only
// The first pass of the formatter: a file as tokens and the comments between them, with what the layout must know of
// the tree and of the author's own line ends.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "interp/syntax/tree.h"

namespace ktstr::format {

constexpr std::uint32_t none = UINT32_MAX;

enum class Role : std::uint8_t {
    keyword,
    leaf,        // a name or a literal, a whole string, a whole Lua text: copied byte for byte
    operation,   // + - * / +- .. and comparisons: blanks around
    tight_range, // .. between plain counts: no blanks around
    minus,       // of a negative value
    equals,
    comma,
    colon,
    dot,
    open_block,
    open_record,
    open_list,
    open_call,  // of arguments and parameters
    open_plain, // of a group, an index, a window: never broken into lines
    close_block,
    close_record,
    close_bracket,
    end, // of the file: holds what comes behind the last token
};

struct Token {
    std::uint32_t begin = 0; // bytes of the source
    std::uint32_t end = 0;
    std::uint32_t match = none;             // the other bracket of a pair
    std::uint32_t comments = 0;             // first comment before this token; the next token's is one past the last
    syntax::Kind kind = syntax::Kind::file; // of the outermost node that begins here
    Role role = Role::leaf;
    std::uint8_t bond = 0;         // how hard it holds to the token before: a long statement goes on in the next line
                                   // where it is weakest; 0: never there
    bool statement : 1 = false;    // begins a statement of a block, or of the file
    bool glued : 1 = false;        // a bracket that stands right behind its name
    bool line_before : 1 = false;  // the source has a line end before it
    bool blank_before : 1 = false; // the source has a blank line before it, or between it and the comment before it
};

struct Comment {
    std::uint32_t begin = 0; // at the #
    std::uint32_t end = 0;   // without trailing blanks
    bool own_line = false;
    bool continues = false; // on its own line, right below the comment before it that stands behind a token
    bool blank_before = false;
};

struct TokenStream {
    std::string_view text;
    std::vector<Token> tokens; // the last one is Role::end
    std::vector<Comment> comments;

    [[nodiscard]] std::string_view text_of(const Token& token) const {
        return text.substr(token.begin, token.end - token.begin);
    }
    [[nodiscard]] bool has_comments(std::uint32_t token) const { return tokens[token].comments < comments_end(token); }
    [[nodiscard]] std::uint32_t comments_end(std::uint32_t token) const {
        return token + 1 < tokens.size() ? tokens[token + 1].comments : static_cast<std::uint32_t>(comments.size());
    }
};

// `tree` is what parse() makes of `text` if it has no errors. Commas before a closing bracket are left out; comments
// before a comma, a colon or the brace of a block are put behind it.
TokenStream tokenize(std::string_view text, const syntax::Tree& tree);

// Characters (code points) of a text.
std::uint32_t width_of(std::string_view text);

} // namespace ktstr::format
