// SPDX-License-Identifier: GPL-2.0-only
// What the environment says about runs and their records: docs/running.md has the table. A variable that is empty is
// as one that is not set. KTSTR_CACHE_DIR is read by cache_directory() of base/file.h, since everything caches.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace ktstr::runs {

struct Environment {
    std::optional<std::filesystem::path> sidecar_dir; // KTSTR_SIDECAR_DIR: records go there and nowhere else
    std::optional<std::filesystem::path> runs_root;   // KTSTR_RUNS_ROOT: run directories are made there
    std::optional<std::string> kernel;                // KTSTR_KERNEL: the default of --kernel
    std::optional<std::string> kernel_commit;         // KTSTR_KERNEL_COMMIT: instead of that of the source tree
    std::optional<std::string> project_commit;        // KTSTR_PROJECT_COMMIT: instead of that of the repository
    std::optional<std::string> run_epoch;             // KTSTR_RUN_EPOCH: what processes of one session share
    bool ci = false;                                  // KTSTR_CI: set and not empty

    static Environment read();
    // Where run directories are, if no option says so.
    [[nodiscard]] std::filesystem::path root() const { return runs_root.value_or("ktstr-runs"); }
};

} // namespace ktstr::runs
