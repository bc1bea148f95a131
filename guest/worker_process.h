// SPDX-License-Identifier: GPL-2.0-only
// The life of workers, seen from inside: each a process of its own, or all of them threads of one process.
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/result.h"
#include "guest/work/table.h"
#include "guest/work/worker.h"
#include "interp/plan/plan.h"

namespace ktstr::guest {

struct WorkerStart {
    const WorkLoopEntry& entry;
    FutexWord& started_batch; // workers may run when this has reached `batch`
    std::uint32_t batch = 1;
};

// Forks a worker, straight into the cgroup whose directory `cgroup_fd` is (-1 = the caller's). Returns its pid.
Result<pid_t> fork_worker(const WorkerStart& start, const WorkerSetting& setting, int cgroup_fd);

// The same for a process that makes a thread for each of `settings`, which are of one work, and ends when all of them
// have ended. Each writes its thread id to its slot's `pid` when it is in its place.
Result<pid_t> fork_threads(const WorkerStart& start, const std::vector<WorkerSetting>& settings, int cgroup_fd);

} // namespace ktstr::guest
