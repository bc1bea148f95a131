// SPDX-License-Identifier: GPL-2.0-only
// Where a record comes from: who made it, of which commits, on which machine. Nothing of it is part of a variant's
// identity.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "runs/environment.h"
#include "runs/host_context.h"

namespace ktstr::runs {

// Of the scheduler's binary; absent for the kernel's own schedulers, and what is not known.
struct SchedulerOrigin {
    std::optional<std::string> source; // how it was found: "path", "env_var", "sibling_dir", "path_lookup"
    std::optional<std::string> sha256;
    std::optional<std::string> commit; // of the repository that the binary lies in
};
// Of the file `binary`, which was found in the way `source`.
SchedulerOrigin scheduler_origin(const std::filesystem::path& binary, const std::string& source);

struct Provenance {
    std::string run_id;               // see next_run_id()
    std::string run_source = "local"; // or "ci"
    std::optional<std::string> project_commit;
    std::optional<std::string> kernel_commit;
    SchedulerOrigin scheduler;
    HostContext host;
    std::optional<int> cpu_budget;
};

// What all records of this process share: everything but the run's id, the kernel and the scheduler.
// The project is the repository that the working directory is in.
Provenance provenance_of_process(const Environment& environment);

// The present time in UTC, for names: "20261121T233058Z".
std::string utc_stamp();

// "20261121T233058Z-4711-3": start of the process in UTC, its pid, and how many there were before.
std::string next_run_id();

} // namespace ktstr::runs
