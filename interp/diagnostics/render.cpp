// SPDX-License-Identifier: GPL-2.0-only
#include "interp/diagnostics/render.h"

#include <algorithm>

namespace ktstr {

namespace {

constexpr int shown_width = 116; // of a source line

struct Style {
    bool colour;
    [[nodiscard]] std::string operator()(const char* escape, const std::string& text) const {
        return colour ? std::string("\x1b[") + escape + "m" + text + "\x1b[0m" : text;
    }
};

// The code points of a line, with tabs as blanks and control characters as '?'. Broken UTF-8 gives '?' too.
std::vector<std::string> characters(std::string_view line) {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < line.size();) {
        const auto byte = static_cast<unsigned char>(line[i]);
        std::size_t length = byte < 0x80 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 0;
        bool whole = length > 0 && i + length <= line.size();
        for (std::size_t k = 1; whole && k < length; ++k)
            whole = (static_cast<unsigned char>(line[i + k]) & 0xC0U) == 0x80U;
        if (!whole) length = 1;
        if (byte == '\t')
            result.emplace_back(" ");
        else if (!whole || byte < 0x20 || byte == 0x7F)
            result.emplace_back("?");
        else
            result.emplace_back(line.substr(i, length));
        i += length;
    }
    return result;
}

// How many bytes the first `count` characters of a line have.
std::size_t bytes_of(std::string_view line, int count) {
    std::size_t at = 0;
    for (; at < line.size(); ++at)
        if ((static_cast<unsigned char>(line[at]) & 0xC0U) != 0x80U && count-- == 0) break;
    return at;
}

} // namespace

std::string render_source_line(std::string_view line, int line_number, int column, int length, bool colour) {
    const Style style{colour};
    // A line of megabytes is decoded only around its caret.
    const int first = std::max(column - 1, 0) < shown_width - 20 ? 0 : column - 1 - shown_width / 2;
    const auto letters = characters(line.substr(bytes_of(line, first), (std::size_t{shown_width} + 1) * 4));
    const int total = static_cast<int>(letters.size());
    const int caret = std::clamp(column - 1 - first, 0, total);
    const int last = std::min(total, shown_width);
    std::string shown = first > 0 ? "..." : "";
    std::string marks(shown.size(), ' ');
    for (int i = 0; i < last; ++i) shown += letters[static_cast<std::size_t>(i)];
    if (last < total) shown += "...";
    marks += std::string(static_cast<std::size_t>(caret), ' ');
    const int carets = std::clamp(length, 1, std::max(1, last - caret));
    const std::string number = std::to_string(line_number);
    const std::string gutter = std::string(number.size() < 4 ? 4 - number.size() : 0, ' ') + number;
    return style("2", gutter + " |") + " " + shown + "\n" + style("2", std::string(gutter.size(), ' ') + " |") + " " +
           marks + style("1;31", std::string(static_cast<std::size_t>(carets), '^')) + "\n";
}

std::string render(const Diagnostic& diagnostic, bool colour) {
    const Style style{colour};
    const auto begin = diagnostic.position();
    const auto end = diagnostic.file->position(std::max(diagnostic.begin, diagnostic.end));
    const bool is_error = diagnostic.severity() == Severity::error;
    const std::string kind =
        std::string(is_error ? "error" : "warning") + "[" + std::string(info(diagnostic.code).name) + "]";
    std::string text = style("1", diagnostic.file->shown() + ":" + std::to_string(begin.line) + ":" +
                                      std::to_string(begin.column) + ":") +
                       " " + style(is_error ? "1;31" : "1;33", kind) + ": " + diagnostic.message + "\n";
    if (!diagnostic.file->text().empty()) {
        const std::string_view line = diagnostic.file->line(begin.line);
        const int length = end.line == begin.line ? end.column - begin.column : static_cast<int>(line.size());
        text += render_source_line(line, begin.line, begin.column, length, colour);
    }
    if (!diagnostic.hint.empty()) text += "  " + style("36", "hint:") + " " + diagnostic.hint + "\n";
    return text;
}

nlohmann::json to_json(const Diagnostic& diagnostic) {
    const auto begin = diagnostic.position();
    const auto end = diagnostic.file->position(std::max(diagnostic.begin, diagnostic.end));
    return {{"type", "diagnostic"},
            {"code", info(diagnostic.code).name},
            {"severity", diagnostic.severity() == Severity::error ? "error" : "warning"},
            {"file", diagnostic.file->shown()},
            {"line", begin.line},
            {"column", begin.column},
            {"end_line", end.line},
            {"end_column", end.column},
            {"message", diagnostic.message},
            {"hint", diagnostic.hint}};
}

} // namespace ktstr
