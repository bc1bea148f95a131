// SPDX-License-Identifier: GPL-2.0-only
// Text for a terminal. What comes out of a guest may hold anything: escape sequences, half a UTF-8 character, NUL.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ktstr::report {

// Valid UTF-8 without control characters but newline and tab: escape sequences and carriage returns are dropped, what
// is left of controls is shown as "\x07", a broken byte as U+FFFD.
std::string printable(std::string_view text);

// The same on one line: newlines and tabs become spaces.
std::string printable_line(std::string_view text);

// Invalid sequences replaced by U+FFFD; everything else as it is.
std::string valid_utf8(std::string_view text);

// Columns on a terminal; `text` is printable_line() output.
std::size_t display_width(std::string_view text);

// At most `width` columns, the last one "…" if something was cut.
std::string cut_to_width(std::string_view text, std::size_t width);

// The last `count` lines, without a trailing newline; and how many lines there were in all.
struct Tail {
    std::vector<std::string> lines;
    std::size_t total = 0;
};
Tail tail_of(std::string_view text, std::size_t count);

// ANSI colours, or nothing at all.
struct Style {
    using Paint = std::string (Style::*)(std::string_view) const;
    bool color = false;
    [[nodiscard]] std::string red(std::string_view text) const { return paint("31", text); }
    [[nodiscard]] std::string green(std::string_view text) const { return paint("32", text); }
    [[nodiscard]] std::string yellow(std::string_view text) const { return paint("33", text); }
    [[nodiscard]] std::string dim(std::string_view text) const { return paint("2", text); }
    [[nodiscard]] std::string bold(std::string_view text) const { return paint("1", text); }

  private:
    [[nodiscard]] std::string paint(std::string_view code, std::string_view text) const;
};

// Colours belong on a terminal only, and not where NO_COLOR is set (https://no-color.org) or TERM is "dumb".
bool wants_color(int fd);

// How wide the terminal is; 80 if it is none.
std::size_t columns_of(int fd);

} // namespace ktstr::report
