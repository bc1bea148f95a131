// SPDX-License-Identifier: GPL-2.0-only
// The life of one worker process, seen from inside.
#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "guest/work/table.h"
#include "guest/work/worker.h"
#include "interp/plan/plan.h"

namespace ktstr::guest {

struct WorkerStart {
    const WorkLoopEntry& entry;
    const WorkerSetting& setting;
    FutexWord& started_batch; // it may run when this has reached `batch`
    std::uint32_t batch = 1;
};

// Forks a worker, straight into the cgroup whose directory `cgroup_fd` is (-1 = the caller's). Returns its pid.
Result<pid_t> fork_worker(const WorkerStart& start, int cgroup_fd);

} // namespace ktstr::guest
