// SPDX-License-Identifier: GPL-2.0-only
// Changes to a ktl.toml that leave all else in it as it is. Every change is a guess at where lines begin and end, and
// is believed only if the file, read again, says what was wanted.
#include <algorithm>

#include "interp/library/manifest.h"
#include "interp/library/toml_reader.h"

namespace ktstr::library {

namespace {

std::string inline_table(const Source& source) {
    std::string text;
    const auto add = [&text](const char* key, const std::string& value) {
        if (!value.empty()) text += std::string(text.empty() ? "" : ", ") + key + " = " + toml_string(value);
    };
    add("git", source.git);
    add("rev", source.rev);
    add("folder", source.folder);
    add("path", source.path);
    return "{ " + text + " }";
}

std::vector<std::string> split_lines(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size() - 1) + 1;
        lines.push_back(text.substr(begin, end - begin));
        begin = end;
    }
    return lines;
}

std::string join_lines(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text += line;
    return text;
}

// The dependencies by name, or nothing if the text is no good ktl.toml.
std::optional<std::vector<std::pair<std::string, Source>>> dependencies_of(const std::string& text) {
    const auto manifest = parse_manifest(text, "");
    if (!manifest) return std::nullopt;
    std::vector<std::pair<std::string, Source>> all;
    for (const auto& dependency : manifest->dependencies) all.emplace_back(dependency.name, dependency.source);
    return all;
}

// The last line (from 1) that the [dependencies] section has something on; 0 if there is no such section.
std::size_t last_line_of_section(const toml::table& root) {
    const auto* node = root.get("dependencies");
    if (node == nullptr || !node->is_table() || node->as_table()->is_inline()) return 0;
    std::size_t last = node->source().begin.line;
    for (const auto& [key, value] : *node->as_table()) {
        const bool own_section = value.is_table() && !value.as_table()->is_inline();
        if (!own_section) last = std::max<std::size_t>(last, value.source().end.line);
    }
    return last;
}

// Lines [first, last), from 0, of a dependency: one entry, or a section of its own with the empty lines behind it.
std::pair<std::size_t, std::size_t> lines_of(const toml::table& root, const std::string& name,
                                             const std::vector<std::string>& lines) {
    const auto& dependencies = *root.get("dependencies")->as_table();
    const auto entry = dependencies.find(name);
    const auto& value = entry->second;
    if (!value.is_table() || value.as_table()->is_inline())
        return {entry->first.source().begin.line - 1, value.source().end.line};
    const std::size_t first = value.source().begin.line - 1;
    std::size_t last = first + 1;
    for (const auto& [key, part] : *value.as_table()) last = std::max<std::size_t>(last, part.source().end.line);
    while (last < lines.size() && lines[last].find_first_not_of(" \t\r\n") == std::string::npos) ++last;
    return {first, last};
}

} // namespace

Result<std::string> with_dependency(const std::string& text, const std::string& name, const Source& source) {
    const auto root = parse_toml(text, "ktl.toml");
    if (!root) return root.error();
    auto wanted = dependencies_of(text).value_or(std::vector<std::pair<std::string, Source>>());
    wanted.emplace_back(name, source);
    std::sort(wanted.begin(), wanted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });

    const std::string end = text.find("\r\n") != std::string::npos ? "\r\n" : "\n";
    const std::string line = name + " = " + inline_table(source) + end;
    auto lines = split_lines(text);
    if (!lines.empty() && lines.back().back() != '\n') lines.back() += end;
    std::vector<std::string> candidates;
    if (const auto last = last_line_of_section(*root); last != 0 && last <= lines.size()) {
        auto longer = lines;
        longer.insert(longer.begin() + static_cast<std::ptrdiff_t>(last), line);
        candidates.push_back(join_lines(longer));
    }
    const std::string whole = join_lines(lines);
    const std::string gap = whole.empty() ? "" : end;
    candidates.push_back(whole + gap + "[dependencies]" + end + line);
    candidates.push_back(
        whole + gap + "[dependencies." + name + "]" + end +
        (source.git.empty() ? "path = " + toml_string(source.path) + end : "git = " + toml_string(source.git) + end) +
        (source.rev.empty() ? "" : "rev = " + toml_string(source.rev) + end) +
        (source.folder.empty() ? "" : "folder = " + toml_string(source.folder) + end));
    for (const auto& candidate : candidates)
        if (dependencies_of(candidate) == wanted) return candidate;
    return Error{"ktl.toml is written in a way that `" + name + "` cannot be added to",
                 "add to its dependencies yourself: " + name + " = " + inline_table(source)};
}

Result<std::string> without_dependency(const std::string& text, const std::string& name) {
    const auto root = parse_toml(text, "ktl.toml");
    if (!root) return root.error();
    auto wanted = dependencies_of(text).value_or(std::vector<std::pair<std::string, Source>>());
    std::erase_if(wanted, [&](const auto& dependency) { return dependency.first == name; });
    auto lines = split_lines(text);
    const auto [first, last] = lines_of(*root, name, lines);
    if (first < last && last <= lines.size())
        lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(first),
                    lines.begin() + static_cast<std::ptrdiff_t>(last));
    if (auto shorter = join_lines(lines); dependencies_of(shorter) == wanted) return shorter;
    return Error{"ktl.toml is written in a way that `" + name + "` cannot be removed from",
                 "remove it from its dependencies yourself, then run `ktstr update`"};
}

} // namespace ktstr::library
