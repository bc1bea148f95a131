// SPDX-License-Identifier: GPL-2.0-only
// ktl.lock: which content each library stands for. Written by ktstr only, and canonical: the same libraries give the
// same bytes.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "interp/library/manifest.h"

namespace ktstr::library {

struct LockedLibrary {
    std::string name;   // what `use lib.NAME` calls it
    Source source;      // locations relative to the project's folder
    std::string commit; // what `rev` was when it was locked: 40 hexadecimal digits; empty for a path
    std::string sha256; // content_hash() of its content then
    friend bool operator==(const LockedLibrary&, const LockedLibrary&) = default;
};

struct Lock {
    std::vector<LockedLibrary> libraries; // by name
    [[nodiscard]] const LockedLibrary* library(std::string_view name) const;
};

std::string lock_text(const Lock& lock);
Result<Lock> parse_lock(std::string_view text, const std::string& file);

// The lock of a project; an empty one if there is no ktl.lock.
Result<Lock> read_lock(const std::filesystem::path& project);

// What may differ between two ways to say where a library is, a path with "." in it, is out of it.
Source normal_source(const Source& source);

} // namespace ktstr::library
