// SPDX-License-Identifier: GPL-2.0-only
// Lines in the making: tokens and comments are put one behind the other.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "interp/format/measure.h"
#include "interp/format/tokens.h"

namespace ktstr::format {

// Where a line can be stretched so that what follows stands in a column with its neighbours: those with the same key.
struct Stop {
    std::uint32_t offset = 0; // in Lines::text, behind the blank that is there anyway
    std::uint32_t key = 0;    // 0: no stop
    std::uint32_t reach = 0;  // the most blanks to put in
};

struct Line {
    std::uint32_t begin = 0; // in Lines::text; several lines in fact if it holds a Lua text
    std::uint32_t end = 0;
    std::uint32_t indent = 0;
    bool blank_before = false;
    std::string_view comment = {}; // behind the text; without text: below the one of the line before
    std::array<Stop, 2> stops = {};
};

struct Lines {
    std::string text;
    std::vector<Line> lines;

    [[nodiscard]] std::string_view text_of(const Line& line) const {
        return std::string_view(text).substr(line.begin, line.end - line.begin);
    }
};

// Before which token a line has a stop.
struct StopPlace {
    std::uint32_t token = none;
    std::uint32_t key = 0;
    std::uint32_t reach = 0;
};
using StopPlaces = std::array<StopPlace, 2>;

class Writer {
  public:
    Writer(const TokenStream& stream, const Measure& measure);

    // The next token begins a line. `blank`: with a blank line before it.
    void start_line(std::uint32_t indent, bool blank = false);
    void put(std::uint32_t token);
    void put(std::uint32_t begin, std::uint32_t end);
    void put_comma() { append(","); }
    // The comments before a token: the first one behind the line if it was there, the others, and then the token, on
    // lines of their own. `first`: no blank line comes before them. Returns the first line that belongs to the token.
    std::size_t start_line_with_comments(std::uint32_t token, std::uint32_t indent, bool first);
    void set_stops(const StopPlaces& places) { stops_ = places; }
    // A blank line between these, unless there is one in [first, last].
    void part(std::size_t first, std::size_t last);

    [[nodiscard]] bool at_line_start() const { return at_line_start_; }
    [[nodiscard]] std::uint32_t column() const { return at_line_start_ ? indent_ : column_; } // behind the last token
    [[nodiscard]] std::uint32_t line_indent() const { return indent_; }
    [[nodiscard]] std::size_t next_line() const { return out_.lines.size(); }
    Lines take() { return std::move(out_); }

  private:
    void append(std::string_view text);
    void open_line();

    const TokenStream& stream_;
    const Measure& measure_;
    Lines out_;
    StopPlaces stops_ = {};
    std::uint32_t indent_ = 0;
    std::uint32_t column_ = 0;
    bool blank_ = false;
    bool at_line_start_ = true;
};

} // namespace ktstr::format
