// SPDX-License-Identifier: GPL-2.0-only
// Leftovers of runs that were killed with all that watched over them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace ktstr::vmm {

struct CleanupPlaces {
    std::filesystem::path cgroups = "/sys/fs/cgroup";
    std::filesystem::path temporary; // $TMPDIR or /tmp
    std::filesystem::path cache;     // cache_directory()
    std::filesystem::path proc = "/proc";
    static CleanupPlaces of_user();
};

struct Leftover {
    std::string kind; // "cgroup", "directory of a run", "unfinished entry of a cache"
    std::filesystem::path path;
    std::optional<Error> kept; // why it is still there
};

// Removes what belongs to no process any more, or with `dry_run` only looks. What a live run uses is not touched: a
// cgroup and a directory carry pid and start time of their ktstr, an entry of a cache that is being made is locked.
std::vector<Leftover> clean_up(const CleanupPlaces& places, bool dry_run);

} // namespace ktstr::vmm
