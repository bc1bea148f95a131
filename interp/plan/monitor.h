// SPDX-License-Identifier: GPL-2.0-only
// The values that the monitor knows: what the host reads out of the guest's memory at each of its samples, without
// stopping a CPU. A kernel that lacks one has no samples of it.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace ktstr::plan {

struct Plan;

// A CPU's times, in ns since its start, as in host.NAME of all CPUs together and host.cpu[N].NAME: in the order of the
// kernel's enum cpu_usage_stat (include/linux/kernel_stat.h).
constexpr std::array<std::string_view, 10> cpu_time_names = {"user_ns",  "nice_ns",      "system_ns", "softirq_ns",
                                                             "irq_ns",   "idle_ns",      "iowait_ns", "steal_ns",
                                                             "guest_ns", "guest_nice_ns"};

struct MonitorValue {
    std::string_view name; // as in monitor.NAME
    std::string_view summary;
    bool counts = false; // since the kernel's or the scheduler's start, so that its rate() says more than the value
};

const std::vector<MonitorValue>& monitor_values();

// Of each CPU, as cpu[3].nr_running: N stands for its number.
const std::vector<MonitorValue>& cpu_values();

// Of each callback of the sched_ext schedulers, as program.enqueue.run_count: CALLBACK stands for its name in the
// kernel's struct sched_ext_ops. There are as many as a run's schedulers have.
const std::vector<MonitorValue>& program_values();

// Whether an expectation is over one of these: only then the kernel is made to count runs, which takes time from every
// call of a callback.
bool needs_run_counts(const Plan& plan);

// Of one of the lists. Null if there is none of this name.
const MonitorValue* find_monitor_value(std::string_view name);

// A name of cpu_values(): "cpu[3].nr_running" is nr_running of CPU 3.
struct CpuValueName {
    int cpu = 0;
    std::string_view value;
};
std::optional<CpuValueName> cpu_value_name(std::string_view name);

} // namespace ktstr::plan
