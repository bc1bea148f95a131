// SPDX-License-Identifier: GPL-2.0-only
#include "report/text.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

namespace ktstr::report {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD

struct Decoded {
    char32_t code_point = 0;
    std::size_t length = 1; // bytes taken
    bool valid = false;
};

// The first code point of `text`, by the table of well-formed sequences of Unicode (3.9, table 3-7).
Decoded decode(std::string_view text) {
    const auto byte = [text](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
    const auto lead = byte(0);
    if (lead < 0x80) return {lead, 1, true};
    std::size_t length = 0;
    char32_t code_point = 0;
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
        code_point = lead & 0x1FU;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        code_point = lead & 0x0FU;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        code_point = lead & 0x07U;
    } else {
        return {};
    }
    if (text.size() < length) return {};
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) return {};
        code_point = code_point << 6U | (byte(i) & 0x3FU);
    }
    const bool overlong = (length == 3 && code_point < 0x800) || (length == 4 && code_point < 0x10000);
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (overlong || surrogate || code_point > 0x10FFFF) return {};
    return {code_point, length, true};
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c <= 0x9F); }

// Bytes of the escape sequence at the start of `text` (which starts with ESC): CSI, OSC, or ESC and one byte.
std::size_t escape_length(std::string_view text) {
    if (text.size() < 2) return text.size();
    if (text[1] == '[') {
        std::size_t end = 2;
        while (end < text.size() && text[end] >= 0x20 && text[end] <= 0x3F) ++end;
        return end < text.size() && text[end] >= 0x40 && text[end] <= 0x7E ? end + 1 : end;
    }
    if (text[1] == ']') {
        const auto end = text.find_first_of("\a\x1b\n", 2);
        if (end == std::string_view::npos) return text.size();
        return text[end] == '\a' ? end + 1 : end;
    }
    const bool one_byte_command = text[1] >= 0x20 && text[1] <= 0x7E;
    return one_byte_command ? 2 : 1;
}

std::string escaped(char32_t control) {
    constexpr std::string_view digits = "0123456789abcdef";
    return std::string("\\x") + digits[control >> 4U & 15U] + digits[control & 15U];
}

// East Asian wide and emoji blocks, by the ranges that Unicode's EastAsianWidth.txt marks W or F.
bool is_wide(char32_t c) {
    struct Range {
        char32_t first, last;
    };
    static constexpr std::array<Range, 9> wide = {{{0x1100, 0x115F},
                                                   {0x2E80, 0x303E},
                                                   {0x3041, 0xA4CF},
                                                   {0xAC00, 0xD7A3},
                                                   {0xF900, 0xFAFF},
                                                   {0xFE30, 0xFE6F},
                                                   {0xFF00, 0xFF60},
                                                   {0x1F300, 0x1FAFF},
                                                   {0x20000, 0x3FFFD}}};
    return std::any_of(wide.begin(), wide.end(),
                       [c](const Range& range) { return c >= range.first && c <= range.last; });
}

std::size_t width_of(char32_t c) {
    const bool combining = (c >= 0x300 && c <= 0x36F) || c == 0x200D || (c >= 0xFE00 && c <= 0xFE0F);
    if (combining) return 0;
    return is_wide(c) ? 2 : 1;
}

} // namespace

std::string printable(std::string_view text) {
    std::string out;
    while (true) {
        const auto plain = std::find_if(text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7E; });
        out.append(text.begin(), plain); // most text is nothing else
        text.remove_prefix(static_cast<std::size_t>(plain - text.begin()));
        if (text.empty()) return out;
        const auto decoded = decode(text);
        std::size_t taken = decoded.length;
        if (!decoded.valid)
            out += replacement;
        else if (decoded.code_point == 0x1B)
            taken = escape_length(text);
        else if (decoded.code_point == '\n' || decoded.code_point == '\t' || !is_control(decoded.code_point))
            out += text.substr(0, taken);
        else if (decoded.code_point != '\r')
            out += escaped(decoded.code_point);
        text.remove_prefix(taken);
    }
}

std::string printable_line(std::string_view text) {
    std::string line = printable(text);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
    return line;
}

std::string valid_utf8(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto decoded = decode(text);
        out += decoded.valid ? text.substr(0, decoded.length) : replacement;
        text.remove_prefix(decoded.length);
    }
    return out;
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        const auto decoded = decode(text);
        width += width_of(decoded.code_point);
        text.remove_prefix(decoded.length);
    }
    return width;
}

std::string cut_to_width(std::string_view text, std::size_t width) {
    if (display_width(text) <= width) return std::string(text);
    if (width == 0) return "";
    std::size_t used = 0;
    std::size_t bytes = 0;
    while (bytes < text.size()) {
        const auto decoded = decode(text.substr(bytes));
        if (used + width_of(decoded.code_point) > width - 1) break;
        used += width_of(decoded.code_point);
        bytes += decoded.length;
    }
    return std::string(text.substr(0, bytes)) + "…";
}

Tail tail_of(std::string_view text, std::size_t count) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    Tail tail;
    if (text.empty()) return tail;
    tail.total = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    std::size_t skipped = tail.total > count ? tail.total - count : 0;
    for (; skipped > 0; --skipped) text.remove_prefix(text.find('\n') + 1);
    while (true) {
        const auto end = std::min(text.find('\n'), text.size());
        tail.lines.emplace_back(text.substr(0, end));
        if (end == text.size()) return tail;
        text.remove_prefix(end + 1);
    }
}

std::string Style::paint(std::string_view code, std::string_view text) const {
    if (!color) return std::string(text);
    return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

bool wants_color(int fd) {
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    const bool refused = no_color != nullptr && *no_color != '\0';
    const bool dumb = term == nullptr || std::string_view(term) == "dumb";
    return !refused && !dumb && ::isatty(fd) == 1;
}

std::size_t columns_of(int fd) {
    winsize size{};
    return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

} // namespace ktstr::report
