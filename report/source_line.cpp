// SPDX-License-Identifier: GPL-2.0-only
#include "report/source_line.h"

#include <algorithm>

#include "base/file.h"
#include "report/text.h"

namespace ktstr::report {

namespace {

constexpr std::uint64_t source_limit = 4U << 20U; // bytes; a larger file is not quoted

std::filesystem::path path_of(const ScenarioResult& result, const plan::SourcePosition& position) {
    if (position.file.starts_with("<")) return position.file; // the standard library: part of the program
    const auto& own = result.plan.source.file;
    // A result of a plan file has its source elsewhere, if it is there at all.
    const bool from_source = std::filesystem::path(own).filename() == result.file.filename();
    if (position.file == own && from_source) return result.file;
    const std::string path = result.file.string();
    const bool below_root = !own.empty() && path.size() > own.size() && path.ends_with("/" + own);
    if (below_root) return std::filesystem::path(path.substr(0, path.size() - own.size())) / position.file;
    return position.file;
}

} // namespace

std::optional<std::string> read_source_line(const ScenarioResult& result, const plan::SourcePosition& position) {
    if (position.line <= 0) return std::nullopt;
    const auto content = read_file(path_of(result, position), source_limit);
    if (!content) return std::nullopt;
    std::string_view rest = *content;
    for (int line = 1; line < position.line; ++line) {
        const auto end = rest.find('\n');
        if (end == std::string_view::npos) return std::nullopt;
        rest.remove_prefix(end + 1);
    }
    return std::string(rest.substr(0, rest.find('\n')));
}

std::string location(const ScenarioResult& result, const plan::SourcePosition& position) {
    std::string text = printable_line(path_of(result, position).string());
    if (position.line > 0) text += ":" + std::to_string(position.line);
    if (position.line > 0 && position.column > 0) text += ":" + std::to_string(position.column);
    return text;
}

std::string quoted_source(const std::string& line, const plan::SourcePosition& position, const std::string& indent) {
    std::string number = std::to_string(position.line);
    number.insert(0, number.size() < 5 ? 5 - number.size() : 0, ' ');
    std::string text = indent + number + " | " + printable(line) + "\n";
    if (position.column <= 0) return text;
    std::string before; // tabs stay tabs, so that the caret stands right whatever their width
    const auto column = std::min(static_cast<std::size_t>(position.column) - 1, line.size());
    for (const char c : line.substr(0, column))
        if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) before += c == '\t' ? '\t' : ' ';
    return text + indent + std::string(number.size(), ' ') + " | " + before + "^\n";
}

} // namespace ktstr::report
