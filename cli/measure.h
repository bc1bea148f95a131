// SPDX-License-Identifier: GPL-2.0-only
// Runs of two sides, taken in turns, each a `ktstr run` of its own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "vmm/cancellation.h"

namespace ktstr::cli {

struct MeasuredSide {
    std::string name;                // "a", "b": its directories are a-1, a-2, ...
    std::string label;               // for people
    std::filesystem::path directory; // that it runs in; empty: the present one
    std::vector<std::string> words;  // behind `ktstr run`
    std::vector<std::pair<std::string, std::string>> environment = {};
};

struct Measurements {
    std::filesystem::path directory;
    std::vector<std::filesystem::path> a; // one for each run
    std::vector<std::filesystem::path> b;
    bool interrupted = false;
    std::size_t host_failures = 0; // runs in which the host could not do its part
};

// In the order a b, b a, a b and so on, so that what changes slowly on this host changes both sides alike. Before them
// a run of each side that does not count: the first one may find caches empty. Progress is on standard error. An
// error ends it where a side cannot be run at all, and has what `ktstr run` says.
Result<Measurements> measure(const MeasuredSide& a, const MeasuredSide& b, std::size_t runs,
                             const std::filesystem::path& root, const vmm::Cancellation& cancellation);

// Runs a command of a shell in a directory. Its output goes to standard error.
Result<void> run_shell(const std::string& command, const std::filesystem::path& directory,
                       const vmm::Cancellation& cancellation);

} // namespace ktstr::cli
