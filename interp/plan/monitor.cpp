// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/monitor.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>

#include "interp/plan/plan.h"

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

const std::vector<MonitorValue>& cpu_values() {
    static const std::vector<MonitorValue> values = {
        {"cpu[N].nr_running", "runnable tasks of a CPU, as in cpu[3].nr_running"},
        {"cpu[N].scx_nr_running", "those of them that are under the sched_ext scheduler"},
        {"cpu[N].local_dsq_depth", "tasks in the CPU's local dispatch queue"},
        {"cpu[N].clock", "the CPU's runqueue clock, in ns", true},
        {"cpu[N].scx_flags", "SCX_RQ_* flags of the CPU's runqueue, as the kernel's enum scx_rq_flags has them"},
    };
    return values;
}

const std::vector<MonitorValue>& program_values() {
    static const std::vector<MonitorValue> values = {
        {"program.CALLBACK.run_count", "calls of a scheduler's callback, as in program.enqueue.run_count", true},
        {"program.CALLBACK.run_time_ns", "time spent in them, in ns", true},
    };
    return values;
}

namespace {

// program.CALLBACK.run_count of program.enqueue.run_count; the name itself if it is of no callback.
std::string generic_name(std::string_view name) {
    constexpr std::string_view before = "program.";
    const auto end = name.rfind('.');
    if (!name.starts_with(before) || end <= before.size()) return std::string(name);
    const auto callback = name.substr(before.size(), end - before.size());
    const bool is_word = std::all_of(callback.begin(), callback.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
    return is_word ? "program.CALLBACK" + std::string(name.substr(end)) : std::string(name);
}

const MonitorValue* find_in(const std::vector<MonitorValue>& values, std::string_view wanted) {
    const auto found = std::find_if(values.begin(), values.end(),
                                    [wanted](const MonitorValue& value) { return value.name == wanted; });
    return found == values.end() ? nullptr : &*found;
}

bool is_over_runs(const Formula& formula) {
    if (formula.kind == Formula::Kind::series)
        return formula.source == "monitor" && formula.path.starts_with("program.");
    return std::any_of(formula.operands.begin(), formula.operands.end(), is_over_runs);
}

} // namespace

bool needs_run_counts(const Plan& plan) {
    return std::any_of(plan.expectations.begin(), plan.expectations.end(), [](const Expectation& expectation) {
        return expectation.formula && is_over_runs(*expectation.formula);
    });
}

const MonitorValue* find_monitor_value(std::string_view name) {
    if (const auto* value = find_in(monitor_values(), name)) return value;
    if (const auto of_cpu = cpu_value_name(name)) return find_in(cpu_values(), "cpu[N]." + std::string(of_cpu->value));
    const std::string generic = generic_name(name);
    return generic == name ? nullptr : find_in(program_values(), generic);
}

std::optional<CpuValueName> cpu_value_name(std::string_view name) {
    constexpr std::string_view before = "cpu[";
    constexpr std::string_view after = "].";
    const auto end = name.find(after);
    if (!name.starts_with(before) || end == std::string_view::npos) return std::nullopt;
    const auto digits = name.substr(before.size(), end - before.size());
    CpuValueName found{0, name.substr(end + after.size())};
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), found.cpu);
    if (error != std::errc() || stop != digits.data() + digits.size() || found.cpu < 0) return std::nullopt;
    return found;
}

} // namespace ktstr::plan
