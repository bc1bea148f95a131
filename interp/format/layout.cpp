// SPDX-License-Identifier: GPL-2.0-only
#include "interp/format/layout.h"

#include "interp/format/stops.h"

namespace ktstr::format {

namespace {

using Index = std::uint32_t; // of a token

class Layout {
  public:
    explicit Layout(const TokenStream& stream)
        : stream_(stream), tokens_(stream.tokens), measure_(stream), writer_(stream, measure_) {}

    Lines run() {
        file();
        return writer_.take();
    }

  private:
    // --- Statements

    // Declarations with a block have a blank line around them; those of one line and one kind can stand together.
    void file() {
        const auto end = static_cast<Index>(tokens_.size() - 1);
        Index before = none;
        bool big_before = false;
        bool long_before = false;
        for (Index i = 0; i < end;) {
            const Index next = statement_end(i, end);
            const std::size_t own = writer_.start_line_with_comments(i, 0, before == none);
            const std::size_t first = writer_.next_line();
            statement(i, next, 0);
            const bool is_long = writer_.next_line() - first > 1;
            const bool big = is_long || measure_.has_block(i, next);
            if (before != none) {
                const bool alike = tokens_[before].kind == tokens_[i].kind && !is_long && !long_before;
                if ((big || big_before) && !alike) writer_.part(own, first);
            }
            big_before = big;
            long_before = is_long;
            before = i;
            i = next;
        }
        writer_.start_line_with_comments(end, 0, before == none);
    }

    // The statements of the block that opens at `brace`, and its closing brace.
    void block(Index brace, std::uint32_t indent) {
        writer_.put(brace);
        const Index close = tokens_[brace].match;
        if (close > brace + 1 || stream_.has_comments(close)) {
            for (Index i = brace + 1; i < close;) {
                const Index next = statement_end(i, close);
                writer_.start_line_with_comments(i, indent + indentation, i == brace + 1);
                statement(i, next, indent + indentation);
                i = next;
            }
            writer_.start_line_with_comments(close, indent + indentation, close == brace + 1);
            writer_.start_line(indent);
        }
        writer_.put(close);
    }

    // The statement at `begin` in a list of them that ends at `end`.
    [[nodiscard]] Index statement_end(Index begin, Index end) const {
        Index i = begin;
        do i = (tokens_[i].role == Role::open_block ? tokens_[i].match : i) + 1;
        while (i < end && !tokens_[i].statement);
        return i;
    }

    void statement(Index begin, Index end, std::uint32_t indent) {
        const bool one_line = measure_.can_be_one_line(begin, end) && indent + measure_.width(begin, end) <= line_width;
        writer_.set_stops(one_line ? stops_of(tokens_, begin, end, indent == 0) : StopPlaces{});
        if (one_line)
            writer_.put(begin, end);
        else
            broken(begin, end, indent);
    }

    // --- What does not fit in a line, or holds comments

    // A statement, or an element of a list.
    void broken(Index begin, Index end, std::uint32_t indent) {
        for (Index i = begin; i < end;) {
            if (tokens_[i].role == Role::open_block) {
                block(i, indent);
                i = tokens_[i].match + 1;
                continue;
            }
            Index next = i;
            while (next < end && tokens_[next].role != Role::open_block) ++next;
            pieces(i, next, next < end, indent);
            i = next;
        }
    }

    // Goes on in further lines where the tokens hold together least. `opens_block`: the brace of a block follows.
    void pieces(Index begin, Index end, bool opens_block, std::uint32_t indent) {
        const std::uint8_t weakest = weakest_bond(begin, end);
        for (Index i = begin; i < end;) {
            Index next = i;
            do next = behind(next);
            while (next < end && (tokens_[next].bond == 0 || tokens_[next].bond != weakest));
            piece(i, next, opens_block && next == end, indent);
            i = next;
        }
    }

    // The token behind this one, or behind the bracket that it opens.
    [[nodiscard]] Index behind(Index token) const {
        return (is_breakable(tokens_[token].role) ? tokens_[token].match : token) + 1;
    }

    [[nodiscard]] std::uint8_t weakest_bond(Index begin, Index end) const {
        std::uint8_t weakest = 0;
        for (Index i = behind(begin); i < end; i = behind(i))
            if (tokens_[i].bond != 0 && (weakest == 0 || tokens_[i].bond < weakest)) weakest = tokens_[i].bond;
        return weakest;
    }

    // On this line if it fits; or on the next one if it fits there; or in pieces.
    void piece(Index begin, Index end, bool opens_block, std::uint32_t indent) {
        const bool after_block = !writer_.at_line_start() && tokens_[begin - 1].role == Role::close_block;
        const std::uint32_t next_indent = indent + (after_block ? 0 : continuation);
        if (!writer_.at_line_start() && stream_.has_comments(begin))
            writer_.start_line_with_comments(begin, next_indent, false);
        const bool smooth = measure_.is_smooth(begin, end);
        const std::uint32_t width = measure_.width(begin, end) + (opens_block ? 2 : 0); // " {"
        if (smooth && fits(begin, width)) return writer_.put(begin, end);
        const bool can_move = !writer_.at_line_start() && next_indent < writer_.column();
        if (can_move && smooth && next_indent + width <= line_width) {
            writer_.start_line(next_indent);
            return writer_.put(begin, end);
        }
        if (weakest_bond(begin, end) != 0) return pieces(begin, end, opens_block, indent);
        if (can_move && !fits(begin, measure_.width(begin, first_bracket(begin, end)))) writer_.start_line(next_indent);
        tokens(begin, end, next_indent);
    }

    // Behind the first bracket in a piece that can be broken, or its end.
    [[nodiscard]] Index first_bracket(Index begin, Index end) const {
        for (Index i = begin; i < end; ++i)
            if (is_breakable(tokens_[i].role)) return i + 1;
        return end;
    }

    // A piece without weak bonds, token by token: brackets that do not fit are broken; comments end lines.
    void tokens(Index begin, Index end, std::uint32_t next_indent) {
        for (Index i = begin; i < end; ++i) {
            if (i > begin && stream_.has_comments(i)) writer_.start_line_with_comments(i, next_indent, false);
            const Index close = tokens_[i].match;
            if (!is_breakable(tokens_[i].role)) {
                writer_.put(i);
            } else {
                if (measure_.is_smooth(i, close + 1) && fits(i, measure_.width(i, close + 1)))
                    writer_.put(i, close + 1);
                else
                    bracket(i);
                i = close;
            }
        }
    }

    // One element a line.
    void bracket(Index open) {
        writer_.put(open);
        const std::uint32_t indent = writer_.line_indent();
        const Index close = tokens_[open].match;
        const bool empty = close == open + 1;
        for (Index i = open + 1; i < close;) {
            const Index end = element_end(i, close);
            writer_.start_line_with_comments(i, indent + indentation, i == open + 1);
            if (measure_.is_smooth(i, end) && fits(i, measure_.width(i, end) + 1))
                writer_.put(i, end);
            else
                broken(i, end, indent + indentation);
            if (end < close)
                writer_.put(end);
            else if (tokens_[open].role != Role::open_call)
                writer_.put_comma();
            i = end + 1;
        }
        if (!empty || stream_.has_comments(close)) {
            writer_.start_line_with_comments(close, indent + indentation, empty);
            writer_.start_line(indent);
        }
        writer_.put(close);
    }

    // The comma behind the element, or `close`.
    [[nodiscard]] Index element_end(Index begin, Index close) const {
        Index i = begin;
        while (i < close && tokens_[i].role != Role::comma) i = (tokens_[i].match != none ? tokens_[i].match : i) + 1;
        return i;
    }

    // Whether so many characters, of which `token` is the first, fit in the line.
    [[nodiscard]] bool fits(Index token, std::uint32_t width) const {
        const std::uint32_t blanks = writer_.at_line_start() ? 0 : measure_.blanks_before(token);
        return writer_.column() + blanks + width <= line_width;
    }

    const TokenStream& stream_;
    const std::vector<Token>& tokens_;
    const Measure measure_;
    Writer writer_;
};

} // namespace

Lines lay_out(const TokenStream& stream) { return Layout(stream).run(); }

} // namespace ktstr::format
