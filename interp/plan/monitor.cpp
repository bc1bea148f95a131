// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/monitor.h"

#include <algorithm>

namespace ktstr::plan {

// From the runqueues (kernel/sched/sched.h: struct rq), the counters of sched_ext (kernel/sched/ext_internal.h: struct
// scx_event_stats, from 6.15 on) and schedstat (CONFIG_SCHEDSTATS).
const std::vector<MonitorValue>& monitor_values() {
    static const std::vector<MonitorValue> values = {
        {"imbalance", "most over fewest runnable tasks of a CPU; fewest counts as 1 at least"},
        {"load", "runnable tasks per CPU, the mean of all CPUs"},
        {"nr_running", "runnable tasks of all CPUs together"},
        {"max_nr_running", "runnable tasks of the CPU that has most"},
        {"scx_nr_running", "runnable tasks of all CPUs that are under the sched_ext scheduler"},
        {"local_dsq_depth", "tasks in the longest local dispatch queue of a CPU"},
        {"stuck_cpus", "CPUs whose runqueue clock stood still since the last sample, idle ones not counted"},
        {"select_cpu_fallback", "times that the CPU a scheduler chose could not be used", true},
        {"dispatch_local_dsq_offline", "tasks dispatched to the local queue of a CPU that is offline", true},
        {"dispatch_keep_last", "times that a task went on for want of another one", true},
        {"enq_skip_exiting", "exiting tasks that were enqueued without asking the scheduler", true},
        {"enq_skip_migration_disabled", "tasks that cannot migrate, enqueued without asking the scheduler", true},
        {"reenq_immed", "tasks that had to be on a CPU at once, given back to the scheduler instead", true},
        {"reenq_local_repeat", "tasks given back to the scheduler from a local queue more than once", true},
        {"refill_slice_dfl", "slices that the kernel refilled with its default", true},
        {"bypass_duration", "time in bypass mode, in ns", true},
        {"bypass_dispatch", "tasks dispatched in bypass mode", true},
        {"bypass_activate", "times that bypass mode began", true},
        {"insert_not_owned", "insertions of tasks that were not the scheduler's to insert", true},
        {"sub_bypass_dispatch", "tasks dispatched for a scheduler below that was in bypass mode", true},
        {"nr_switches", "times that a CPU went from one task to another", true},
        {"run_delay", "time that tasks were runnable and waited, in ns, of all CPUs together", true},
        {"timeslices", "times that a task was put on a CPU", true},
        {"wakeups", "tasks woken", true},
        {"local_wakeups", "tasks woken on the CPU that woke them", true},
    };
    return values;
}

const MonitorValue* find_monitor_value(std::string_view name) {
    const auto& values = monitor_values();
    const auto found =
        std::find_if(values.begin(), values.end(), [name](const MonitorValue& value) { return value.name == name; });
    return found == values.end() ? nullptr : &*found;
}

} // namespace ktstr::plan
