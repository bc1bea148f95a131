// SPDX-License-Identifier: GPL-2.0-only
// Where a git repository is: a URL (https, http, ssh, file; or user@host:path) or a path on this machine.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ktstr::library {

// Whether it is a path, absolute or relative, and no URL.
bool is_path(std::string_view location);
// Whether it is on this machine: a path or a file URL.
bool is_local(std::string_view location);

// An error if ktstr cannot fetch from there: another scheme, a URL without host or path, control characters.
Result<void> check_location(std::string_view location);

// `location` as written in a ktl.toml that itself came from `base`: "./x" and "../x" are relative to it, all else
// stands for itself. An empty base is the project's own folder.
std::string relative_to(std::string_view base, const std::string& location);

// A path without "." and "x/.."; "" becomes ".".
std::string normal_path(std::string_view path);

struct SourceAndRev {
    std::string source;
    std::optional<std::string> rev;
};
// Splits "SOURCE@rev"; the @ of a URL's user is none.
SourceAndRev split_rev(const std::string& text);

// An error if a git tag, branch or commit cannot have this name.
Result<void> check_rev(std::string_view rev);

// An error if `folder` is no relative path that stays below where it begins.
Result<void> check_folder(std::string_view folder);

} // namespace ktstr::library
