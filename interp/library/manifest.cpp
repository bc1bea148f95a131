// SPDX-License-Identifier: GPL-2.0-only
#include "interp/library/manifest.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/file.h"
#include "interp/library/content.h"
#include "interp/library/location.h"
#include "interp/library/toml_reader.h"

namespace ktstr::library {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t max_manifest_bytes = 1U << 20U;

using Version = std::array<unsigned, 3>;

// "1", "1.2" or "1.2.3".
std::optional<Version> parse_version(std::string_view text) {
    Version version{};
    const char* at = text.data();
    const char* const end = at + text.size();
    for (auto& number : version) {
        const auto [rest, error] = std::from_chars(at, end, number);
        if (error != std::errc()) return std::nullopt;
        at = rest;
        if (at == end) return version;
        if (*at++ != '.') return std::nullopt;
    }
    return std::nullopt;
}

Result<void> check_version(std::string_view text) {
    if (parse_version(text)) return {};
    return Error{"\"" + std::string(text) + "\" is not a version", "as in 1.2 or 1.2.3"};
}

bool satisfies(const Version& ours, std::string_view comparison, const Version& theirs) {
    if (comparison == ">=") return ours >= theirs;
    if (comparison == ">") return ours > theirs;
    if (comparison == "<=") return ours <= theirs;
    if (comparison == "<") return ours < theirs;
    return ours == theirs;
}

// ">=0.1" or ">=0.1, <2".
Result<void> check_requires(std::string_view text) {
    const auto ours = *parse_version(KTSTR_VERSION);
    std::string_view rest = text;
    while (true) {
        std::string_view part = rest.substr(0, rest.find(','));
        part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
        const auto comparison = part.substr(0, std::min(part.find_first_not_of("<>="), part.size()));
        std::string_view number = part.substr(comparison.size());
        number.remove_prefix(std::min(number.find_first_not_of(' '), number.size()));
        number = number.substr(0, number.find_last_not_of(' ') + 1);
        static constexpr std::string_view known[] = {">=", ">", "<=", "<", "="};
        const auto version = parse_version(number);
        if (!version || std::find(std::begin(known), std::end(known), comparison) == std::end(known))
            return Error{"\"" + std::string(text) + "\" does not say which versions of ktstr",
                         "as in >=0.1 or >=0.1, <2"};
        if (!satisfies(ours, comparison, *version))
            return Error{"this needs ktstr " + std::string(text) + ", and this is ktstr " KTSTR_VERSION,
                         "use another ktstr, or another rev of the library"};
        if (rest.find(',') == std::string_view::npos) return {};
        rest.remove_prefix(rest.find(',') + 1);
    }
}

Result<void> check_key(std::string_view name) {
    if (is_name(name)) return {};
    return Error{"`" + std::string(name.substr(0, 100)) + "` is not a name that can stand behind `lib.`",
                 "a letter or `_`, then letters, digits and `_`, 64 at most"};
}

Result<void> check_main(std::string_view main) {
    if (main.ends_with(".ktl") && is_name(main.substr(0, main.size() - 4))) return {};
    return Error{"\"" + std::string(main) + "\" is not the name of a .ktl file at the library's top"};
}

Result<void> check_path(std::string_view path) {
    if (!path.empty()) return {};
    return Error{"a path is empty"};
}

Source read_source(const toml::table& table, const std::string& name, Problems& problems) {
    TableReader reader(table, "the dependency `" + name + "`", problems);
    Source source;
    source.git = reader.string("git", check_location).value_or("");
    source.rev = reader.string("rev", check_rev).value_or("");
    source.folder = reader.string("folder", check_folder).value_or("");
    source.path = reader.string("path", check_path).value_or("");
    if (source.folder == "." || source.folder == "./") source.folder.clear();
    if (!source.folder.empty()) source.folder = normal_path(source.folder);
    if (reader.has("git") == reader.has("path"))
        problems.add(table.source().begin,
                     "the dependency `" + name + "` has " + (reader.has("git") ? "both" : "neither") + " `git` " +
                         (reader.has("git") ? "and" : "nor") + " `path`; it comes from one of them");
    for (const char* key : {"rev", "folder"})
        if (reader.has("path") && !reader.has("git") && reader.has(key))
            problems.add(reader.place(key), std::string("`") + key + "` goes with `git`, not with `path`");
    return source;
}

std::vector<Dependency> read_dependencies(const toml::table& table, const std::string& file, Problems& problems) {
    std::vector<Dependency> dependencies;
    for (const auto& [key, value] : table) {
        const std::string name(key.str());
        const auto& place = key.source().begin.line != 0 ? key.source().begin : value.source().begin;
        if (const auto checked = check_key(name); !checked)
            problems.add(place, checked.error().message + "; " + checked.error().hint);
        if (!value.is_table()) {
            problems.add(value.source().begin, "the dependency `" + name + "` must be a table, as in " + name +
                                                   " = { git = \"https://example.org/" + name + "\", rev = \"v1\" }");
            continue;
        }
        dependencies.push_back({name, read_source(*value.as_table(), name, problems),
                                file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column)});
    }
    std::sort(dependencies.begin(), dependencies.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return dependencies;
}

void read_library(const toml::table& table, Manifest& manifest, Problems& problems) {
    TableReader reader(table, "[library]", problems);
    manifest.name = reader.required_string("name", check_key).value_or("");
    manifest.version = reader.string("version", check_version).value_or("");
    manifest.description = reader.string("description").value_or("");
    manifest.main = reader.string("main", check_main).value_or(manifest.main);
    reader.string("requires", check_requires);
}

} // namespace

std::string Source::text() const {
    if (!path.empty()) return path;
    return git + (rev.empty() ? ", default branch" : ", rev " + rev) + (folder.empty() ? "" : ", folder " + folder);
}

const Dependency* Manifest::dependency(std::string_view dependency_name) const {
    const auto found = std::find_if(dependencies.begin(), dependencies.end(),
                                    [&](const auto& dependency) { return dependency.name == dependency_name; });
    return found == dependencies.end() ? nullptr : &*found;
}

std::vector<std::string> Manifest::dependency_names() const {
    std::vector<std::string> names;
    for (const auto& dependency : dependencies) names.push_back(dependency.name);
    return names;
}

Result<Manifest> parse_manifest(std::string_view text, const std::string& file) {
    const auto table = parse_toml(text, file);
    if (!table) return table.error();
    Problems problems(file);
    Manifest manifest;
    {
        TableReader reader(*table, "the file", problems);
        if (const auto* library = reader.table("library")) read_library(*library, manifest, problems);
        if (const auto* dependencies = reader.table("dependencies"))
            manifest.dependencies = read_dependencies(*dependencies, file, problems);
    }
    if (!problems.none()) return problems.error();
    return manifest;
}

Result<Manifest> read_manifest(const fs::path& folder) {
    const auto file = folder / manifest_name;
    const auto text = read_file(file, max_manifest_bytes);
    if (!text) return text.error();
    return parse_manifest(*text, file.string());
}

std::optional<fs::path> project_folder(const fs::path& file) {
    std::error_code code;
    fs::path folder = fs::weakly_canonical(fs::absolute(file), code);
    for (; !folder.empty(); folder = folder.parent_path()) {
        if (fs::exists(folder / manifest_name, code)) return folder;
        if (folder == folder.parent_path()) break;
    }
    return std::nullopt;
}

} // namespace ktstr::library
