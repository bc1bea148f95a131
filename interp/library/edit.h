// SPDX-License-Identifier: GPL-2.0-only
// What `ktstr add`, `update`, `vendor` and `remove` do to a project: each is first worked out, which changes nothing,
// and then applied. A kill at any time leaves a project that works as before or as after: a library that ktl.lock has
// and ktl.toml does not ask for does no harm, and that is all that can lie between two writes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "interp/library/solve.h"

namespace ktstr::library {

struct Change {
    std::optional<LockedLibrary> before; // none: it is new
    std::optional<LockedLibrary> after;  // none: it is gone
    Manifest manifest;                   // of `after`, or else of nothing
    std::vector<std::string> modules;    // of `after`
    bool has_main = false;               // `use lib.NAME` has a file
    std::vector<std::string> requirers;  // of `after`
};

struct Edit {
    std::filesystem::path project;
    std::optional<std::string> manifest; // new text of ktl.toml
    std::optional<std::string> lock;     // new text of ktl.lock
    bool manifest_first = false;
    std::vector<Content> cached;
    std::vector<std::pair<std::string, Content>> vendored; // by name
    std::vector<Change> changes;                           // by name; with those that stay as they are
    std::vector<std::string> notes;                        // what the user should know or do next
};

struct AddRequest {
    std::filesystem::path project;   // has a ktl.toml, or will have
    std::filesystem::path from;      // what a relative path in `source` is relative to
    std::string source;              // URL or path, with @rev or without
    std::optional<std::string> name; // the library's own, if not given
    std::string folder;              // of the repository
};
Result<Edit> work_out_add(const AddRequest& request, Fetcher& fetcher);

struct UpdateRequest {
    std::filesystem::path project;
    std::optional<std::string> name; // only this one
    bool locked = false;             // only fetch what ktl.lock names
};
Result<Edit> work_out_update(const UpdateRequest& request, Fetcher& fetcher);

Result<Edit> work_out_vendor(const std::filesystem::path& project, Fetcher& fetcher);
Result<Edit> work_out_remove(const std::filesystem::path& project, const std::string& name, Fetcher& fetcher);

Result<void> apply(const Edit& edit, const WriteLock& lock);

} // namespace ktstr::library
