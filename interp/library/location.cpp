// SPDX-License-Identifier: GPL-2.0-only
#include "interp/library/location.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "interp/diagnostics/suggest.h"

namespace ktstr::library {

namespace {

const std::vector<std::string> schemes = {"https", "http", "ssh", "file"};

bool has_control_characters(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string scheme_of(std::string_view location) {
    const auto end = location.find("://");
    return end == std::string_view::npos ? std::string() : std::string(location.substr(0, end));
}

// git@host:path, as git has it: a colon before the first slash.
bool is_scp_like(std::string_view location) {
    const auto colon = location.find(':');
    return scheme_of(location).empty() && colon != std::string_view::npos && colon < location.find('/') && colon > 0;
}

// Where the path begins: behind "scheme://host" or "host:".
std::size_t path_begin(std::string_view location) {
    if (is_scp_like(location)) return location.find(':') + 1;
    const auto scheme = location.find("://");
    if (scheme == std::string_view::npos) return 0;
    return std::min(location.find('/', scheme + 3), location.size());
}

} // namespace

bool is_path(std::string_view location) { return scheme_of(location).empty() && !is_scp_like(location); }

bool is_local(std::string_view location) { return is_path(location) || scheme_of(location) == "file"; }

Result<void> check_location(std::string_view location) {
    const std::string shown = "`" + std::string(location) + "`";
    if (location.empty()) return Error{"the location of a git repository is empty"};
    if (has_control_characters(location)) return Error{"the location of a git repository has control characters"};
    if (location.find("::") < location.find('/'))
        return Error{shown + " would have git start a helper program, which ktstr never does",
                     "use an https, http, ssh or file URL, or a path"};
    if (const std::string scheme = scheme_of(location); !scheme.empty()) {
        if (std::find(schemes.begin(), schemes.end(), scheme) == schemes.end()) {
            const std::string close = suggest(scheme, schemes);
            return Error{"ktstr cannot fetch by `" + scheme + "`, as " + shown + " asks",
                         close.empty() ? "use an https, http, ssh or file URL, or a path" : close};
        }
        const auto begin = path_begin(location);
        if (begin + 1 >= location.size() || (scheme != "file" && begin == scheme.size() + 3))
            return Error{shown + " is not a whole URL", "as in https://host/path"};
    }
    return {};
}

std::string normal_path(std::string_view path) {
    std::string normal = std::filesystem::path(path).lexically_normal().generic_string();
    while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
    return normal.empty() ? "." : normal;
}

std::string relative_to(std::string_view base, const std::string& location) {
    if (!is_path(location)) return location;
    if (location.front() == '/') return normal_path(location);
    if (base.empty()) return normal_path(location);
    const auto begin = path_begin(base);
    return std::string(base.substr(0, begin)) + normal_path(std::string(base.substr(begin)) + "/" + location);
}

SourceAndRev split_rev(const std::string& text) {
    std::size_t from = path_begin(text);
    const auto at = text.rfind('@');
    if (at == std::string::npos || at < from || at == 0) return {text, std::nullopt};
    return {text.substr(0, at), text.substr(at + 1)};
}

Result<void> check_rev(std::string_view rev) {
    constexpr std::size_t longest = 200;
    const bool bad_character = has_control_characters(rev) || rev.find_first_of(" ~^:?*[\\") != std::string_view::npos;
    if (rev.empty() || rev.size() > longest || bad_character || rev.find("..") != std::string_view::npos ||
        rev.find("@{") != std::string_view::npos || rev.find("//") != std::string_view::npos || rev.front() == '-' ||
        rev.front() == '/' || rev.back() == '/' || rev.back() == '.')
        return Error{"no tag, branch or commit can be called \"" + std::string(rev.substr(0, longest)) + "\"",
                     "give a tag (v1.2), a branch (main) or a commit (its hexadecimal digits)"};
    return {};
}

Result<void> check_folder(std::string_view folder) {
    const std::filesystem::path path(folder);
    const bool climbs = std::find(path.begin(), path.end(), "..") != path.end();
    if (folder.empty() || folder.front() == '/' || climbs || has_control_characters(folder))
        return Error{"\"" + std::string(folder) + "\" is not a folder of the repository",
                     "give a path from the repository's top, without `..`"};
    return {};
}

} // namespace ktstr::library
