// SPDX-License-Identifier: GPL-2.0-only
// What one run of the parser carries along: the tree so far, and the furthest place reached with what would have been
// accepted there. Offsets are bytes of the source.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interp/diagnostics/diagnostic.h"
#include "interp/syntax/keywords.h"
#include "interp/syntax/read_source.h"
#include "interp/syntax/tree.h"

namespace ktstr::syntax {

class ParseState {
  public:
    ParseState(const SourceFile& source, Diagnostics& diagnostics);

    [[nodiscard]] std::string_view text() const { return text_; }
    [[nodiscard]] std::size_t offset(const char* at) const { return static_cast<std::size_t>(at - text_.data()); }
    // The first offset from `offset` on that is neither blank nor in a comment.
    std::size_t skip_gap(std::size_t offset);
    // The identifier at `offset`, or empty.
    [[nodiscard]] std::string_view word_at(std::size_t offset);

    // Where the Lua long string ([[ ... ]], [=[ ... ]=]) that begins at `offset` ends; `offset` if there is none.
    std::size_t long_string_end(std::size_t offset) { return long_strings_.end(offset); }

    // --- The tree
    std::size_t open(Kind kind, std::size_t begin);
    void close(std::size_t index, std::size_t end);
    void drop(std::size_t index) { tree_.resize(index); }
    [[nodiscard]] std::size_t mark() const { return tree_.size(); }
    // Puts a node around those from `index` on.
    void wrap(std::size_t index, Kind kind, std::size_t begin, std::size_t end);
    Tree take_tree() { return std::move(tree_); }

    // --- Recursion that no bracket bounds: chains of `not` and `else if`
    bool enter(std::size_t offset);
    void leave() { --depth_; }

    // --- Errors
    // Notes that `what` would have been accepted at `offset`.
    void expected(std::size_t offset, std::string_view what);
    // From now on, nothing that would be accepted at `offset` is noted. Returns the offset of which that held.
    std::size_t hush(std::size_t offset) { return std::exchange(hushed_, offset); }
    // Says what is wrong with the statement at `start` of a block (`context`: "a step"), and returns where to go on.
    std::size_t recover(std::size_t start, std::string_view context);
    // Says that the text goes wrong at the furthest place reached.
    void report_unexpected() { report_unexpected(furthest_); }
    void enter_block(std::size_t brace) { open_braces_.push_back(brace); }
    // `offset` is where the `}` should have been. Several blocks that miss it at one place make one message.
    void leave_block(bool closed, std::size_t offset);
    // Whether no statement of any block can begin here: the end of the file, or a declaration of the file.
    [[nodiscard]] bool block_must_end(std::size_t offset);
    // Whether a statement that nothing in the innermost block matched is none of it, by its word and its indentation:
    // most likely the block's `}` is missing.
    [[nodiscard]] bool block_seems_ended(std::size_t offset);
    // Whether only blanks stand before it on its line.
    [[nodiscard]] bool begins_line(std::size_t offset) const;

  private:
    void report_unknown_statement(std::size_t start, std::string_view context);
    void report_unexpected(std::size_t at);
    [[nodiscard]] bool report_unclosed(std::size_t at, Span found);
    [[nodiscard]] bool is_expected(std::string_view what) const;
    // How many blocks and records begin there and do not end there.
    [[nodiscard]] std::size_t open_braces_between(std::size_t begin, std::size_t end);
    // Blanks at the beginning of the line that `offset` is on.
    [[nodiscard]] std::size_t indent_of(std::size_t offset) const;
    [[nodiscard]] std::size_t line_after(std::size_t brace);
    [[nodiscard]] std::optional<std::size_t> outdented(std::size_t brace, std::size_t end);
    [[nodiscard]] std::string_view word_before(std::size_t at) const;
    [[nodiscard]] std::string hint_of_dash(std::size_t at);
    // `lines`: statements begin with any word, so that each line may be one.
    [[nodiscard]] std::size_t next_statement(std::size_t from, std::size_t start, bool lines);
    // What stands at `offset`, for a message: a word, a literal, a sign, or the end of the file.
    [[nodiscard]] Span token_at(std::size_t offset);
    [[nodiscard]] Span span(std::size_t begin, std::size_t end) const {
        return {&source_, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
    }

    const SourceFile& source_;
    std::string_view text_;
    LongStrings long_strings_;
    Diagnostics& diagnostics_;
    Tree tree_;
    std::vector<std::size_t> open_braces_;
    std::vector<std::string_view> expected_;
    std::size_t furthest_ = 0;
    std::size_t hushed_ = std::string_view::npos;
    std::size_t depth_ = 0;
    bool too_deep_ = false;                         // said, and what failed for it not yet
    std::size_t gap_from_ = std::string_view::npos; // the last gap skipped: most rules start where another failed
    std::size_t gap_to_ = 0;
    std::size_t word_from_ = std::string_view::npos;
    std::string_view word_;
    std::size_t unclosed_at_ = std::string_view::npos;
};

} // namespace ktstr::syntax
