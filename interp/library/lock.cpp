// SPDX-License-Identifier: GPL-2.0-only
#include "interp/library/lock.h"

#include <algorithm>

#include "base/file.h"
#include "interp/library/content.h"
#include "interp/library/location.h"
#include "interp/library/toml_reader.h"

namespace ktstr::library {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t max_lock_bytes = 1U << 20U;
constexpr std::int64_t lock_version = 1;
constexpr std::string_view way_out = "ktstr writes this file: restore it, or remove it and run `ktstr update`";

TableReader::Check digits(std::size_t count) {
    return [count](std::string_view text) -> Result<void> {
        if (text.size() == count && text.find_first_not_of("0123456789abcdef") == std::string_view::npos) return {};
        return Error{"\"" + std::string(text.substr(0, 100)) + "\" is not " + std::to_string(count) +
                     " hexadecimal digits"};
    };
}

Result<void> check_library_name(std::string_view name) {
    if (is_name(name)) return {};
    return Error{"\"" + std::string(name.substr(0, 100)) + "\" is not the name of a library"};
}

LockedLibrary read_library(const toml::table& table, Problems& problems) {
    TableReader reader(table, "[[library]]", problems);
    LockedLibrary library;
    library.name = reader.required_string("name", check_library_name).value_or("");
    library.source.git = reader.string("git", check_location).value_or("");
    library.source.rev = reader.string("rev", check_rev).value_or("");
    library.source.folder = reader.string("folder", check_folder).value_or("");
    library.source.path = reader.string("path").value_or("");
    if (library.source.git.empty() == library.source.path.empty())
        problems.add(table.source().begin, "the library `" + library.name + "` needs either `git` or `path`");
    library.commit =
        (reader.has("git") ? reader.required_string("commit", digits(40)) : reader.string("commit", digits(40)))
            .value_or("");
    library.sha256 = reader.required_string("sha256", digits(64)).value_or("");
    return library;
}

std::vector<LockedLibrary> read_libraries(const toml::array& array, Problems& problems) {
    std::vector<LockedLibrary> libraries;
    for (const auto& node : array) {
        if (!node.is_table()) {
            problems.add(node.source().begin, "`library` must be tables");
            continue;
        }
        libraries.push_back(read_library(*node.as_table(), problems));
        const auto same = [&](const auto& other) { return other.name == libraries.back().name; };
        if (std::count_if(libraries.begin(), libraries.end(), same) > 1)
            problems.add(node.source().begin, "there are two libraries `" + libraries.back().name + "`");
    }
    std::sort(libraries.begin(), libraries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return libraries;
}

} // namespace

const LockedLibrary* Lock::library(std::string_view name) const {
    const auto found =
        std::find_if(libraries.begin(), libraries.end(), [&](const auto& library) { return library.name == name; });
    return found == libraries.end() ? nullptr : &*found;
}

std::string lock_text(const Lock& lock) {
    auto libraries = lock.libraries;
    std::sort(libraries.begin(), libraries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    std::string text = "# Written by ktstr; `ktstr update` changes it. Keep it under version control.\nversion = " +
                       std::to_string(lock_version) + "\n";
    for (const auto& library : libraries) {
        text += "\n[[library]]\n";
        const auto add = [&text](const char* key, const std::string& value) {
            if (!value.empty()) text += std::string(key) + " = " + toml_string(value) + "\n";
        };
        add("name", library.name);
        add("git", library.source.git);
        add("rev", library.source.rev);
        add("folder", library.source.folder);
        add("path", library.source.path);
        add("commit", library.commit);
        add("sha256", library.sha256);
    }
    return text;
}

Result<Lock> parse_lock(std::string_view text, const std::string& file) {
    const auto table = parse_toml(text, file);
    if (!table) return Error{table.error().message, std::string(way_out)};
    Problems problems(file);
    Lock lock;
    {
        TableReader reader(*table, "the file", problems);
        const auto version = reader.required_integer("version");
        if (version && *version != lock_version)
            return Error{file + " has the format " + std::to_string(*version) + ", and this ktstr knows only " +
                             std::to_string(lock_version),
                         "use a newer ktstr, or remove the file and run `ktstr update`"};
        if (const auto* libraries = reader.array("library")) lock.libraries = read_libraries(*libraries, problems);
    }
    if (!problems.none()) return Error{problems.error().message, std::string(way_out)};
    return lock;
}

Result<Lock> read_lock(const fs::path& project) {
    const auto file = project / lock_name;
    std::error_code code;
    if (!fs::exists(file, code)) return Lock{};
    const auto text = read_file(file, max_lock_bytes);
    if (!text) return text.error();
    return parse_lock(*text, file.string());
}

Source normal_source(const Source& source) {
    Source normal = source;
    if (!normal.git.empty() && is_path(normal.git)) normal.git = normal_path(normal.git);
    if (!normal.path.empty()) normal.path = normal_path(normal.path);
    return normal;
}

} // namespace ktstr::library
