// SPDX-License-Identifier: GPL-2.0-only
#include "interp/format/measure.h"

namespace ktstr::format {

namespace {

std::uint32_t blanks_between(const Token& before, const Token& token) {
    if (before.role == Role::open_block || token.role == Role::close_block) return 1;
    if (token.statement) return 2;
    switch (before.role) {
    case Role::open_record:
    case Role::open_list:
    case Role::open_call:
    case Role::open_plain:
    case Role::minus:
    case Role::dot:
    case Role::tight_range: return 0;
    default: break;
    }
    switch (token.role) {
    case Role::close_record:
    case Role::close_bracket:
    case Role::comma:
    case Role::colon:
    case Role::dot:
    case Role::tight_range: return 0;
    default: return token.glued ? 0 : 1;
    }
}

// Whether the layout of the source says that a line ends before token `i`.
bool asks_for_line_end(const TokenStream& stream, std::uint32_t i) {
    if (stream.has_comments(i)) return true;
    const Token& before = stream.tokens[i - 1];
    return stream.tokens[i].line_before && before.match != i &&
           (is_breakable(before.role) || before.role == Role::open_block);
}

} // namespace

Measure::Measure(const TokenStream& stream) {
    sums_.reserve(stream.tokens.size());
    Sum sum;
    for (std::uint32_t i = 0; i < stream.tokens.size(); ++i) {
        const Token& token = stream.tokens[i];
        sum.blanks = i > 0 ? blanks_between(stream.tokens[i - 1], token) : 0;
        sum.column = sum.column_behind + sum.blanks;
        const std::string_view text = stream.text_of(token);
        const bool may_be_long = token.role == Role::leaf; // others have no line end in them
        const std::size_t line_end = may_be_long ? text.find('\n') : std::string_view::npos;
        sum.column_behind = sum.column + width_of(text.substr(0, line_end));
        if (i > 0 && asks_for_line_end(stream, i)) ++sum.line_ends;
        if (line_end != std::string_view::npos) ++sum.long_tokens;
        if (token.role == Role::open_block) ++sum.blocks;
        sums_.push_back(sum);
    }
}

} // namespace ktstr::format
