// SPDX-License-Identifier: GPL-2.0-only
// What a stretch of tokens would be on one line: how wide, and whether it may be.
#pragma once

#include "interp/format/tokens.h"

namespace ktstr::format {

// Stretches are [begin, end) of token indexes, not empty. All answers take constant time.
class Measure {
  public:
    explicit Measure(const TokenStream& stream);

    // Blanks between the token and the one before it if both are on one line.
    [[nodiscard]] std::uint32_t blanks_before(std::uint32_t token) const { return sums_[token].blanks; }
    // Characters, without blanks before the first token. Of a token of several lines only the first one counts.
    [[nodiscard]] std::uint32_t width(std::uint32_t begin, std::uint32_t end) const {
        return sums_[end - 1].column_behind - sums_[begin].column;
    }
    // Whether nothing in it asks for a line end: a comment, or an opening bracket with a line end behind it.
    [[nodiscard]] bool is_smooth(std::uint32_t begin, std::uint32_t end) const {
        return sums_[end - 1].line_ends == sums_[begin].line_ends;
    }
    [[nodiscard]] bool has_block(std::uint32_t begin, std::uint32_t end) const {
        return sums_[end - 1].blocks > (begin > 0 ? sums_[begin - 1].blocks : 0);
    }
    // Whether it may be one line: smooth, and no Lua text of several lines in a block.
    [[nodiscard]] bool can_be_one_line(std::uint32_t begin, std::uint32_t end) const {
        return is_smooth(begin, end) &&
               (!has_block(begin, end) || sums_[end - 1].long_tokens == (begin > 0 ? sums_[begin - 1].long_tokens : 0));
    }

  private:
    // Over all tokens up to this one, as if the file were one line.
    struct Sum {
        std::uint32_t blanks = 0;
        std::uint32_t column = 0;
        std::uint32_t column_behind = 0;
        std::uint32_t line_ends = 0; // asked for before this token or an earlier one
        std::uint32_t blocks = 0;
        std::uint32_t long_tokens = 0; // of several lines
    };
    std::vector<Sum> sums_;
};

// A bracket whose elements can stand on lines of their own.
constexpr bool is_breakable(Role role) {
    return role == Role::open_list || role == Role::open_record || role == Role::open_call;
}

} // namespace ktstr::format
