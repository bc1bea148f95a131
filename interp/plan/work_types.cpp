// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/work_types.h"

namespace ktstr::plan {

namespace {

constexpr std::int64_t us = 1'000;
constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t s = 1'000'000'000;
constexpr std::int64_t kib = 1024;
constexpr std::int64_t mib = 1024 * kib;

using Kind = WorkParameter::Kind;

std::vector<WorkType> catalogue() {
    const WorkParameter burst{"burst", Kind::duration, 2 * ms, 10 * us, 10 * s, "time on the CPU per cycle"};
    const WorkParameter sleep{"sleep", Kind::duration, 2 * ms, 10 * us, 10 * s, "time asleep per cycle"};
    return {
        {"spin_wait", "burns CPU without a system call", 1, {}},
        {"yield_heavy", "calls sched_yield after every small unit of work", 1, {}},
        {"mixed",
         "alternates spinning and sched_yield",
         1,
         {{"spin", Kind::duration, 500 * us, 1 * us, 10 * s, "time spun between two yields"}}},
        {"alu_hot",
         "a dependent multiply-add chain of a given width",
         1,
         {{"width", Kind::count, 4, 1, 8, "independent chains"}}},
        {"bursty", "computes for a burst, then sleeps", 1, {burst, sleep}},
        {"idle_churn",
         "sleeps very briefly over and over, so that its CPU keeps entering idle",
         1,
         {{"sleep", Kind::duration, 100 * us, 1 * us, 1 * s, "time asleep per cycle"}}},
        {"timer_latency",
         "sleeps to an absolute deadline and notes how late it wakes",
         1,
         {{"interval", Kind::duration, 1 * ms, 50 * us, 10 * s, "time between two deadlines"}}},
        {"pipe_io", "passes one byte back and forth through two pipes", 2, {}},
        {"futex_ping_pong", "hands a turn back and forth on a futex", 2, {}},
        {"mutex_contention",
         "takes one lock shared by the whole group, works inside and outside of it",
         4,
         {{"hold", Kind::duration, 20 * us, 1 * us, 1 * s, "work with the lock held"},
          {"think", Kind::duration, 20 * us, 1 * us, 1 * s, "work without it"}}},
        {"cache_pressure",
         "strides through a buffer, one cache line at a time",
         1,
         {{"size", Kind::size, 256 * kib, 4 * kib, 256 * mib, "buffer per worker"}}},
        {"cache_yield",
         "strides through a buffer and yields after each pass",
         1,
         {{"size", Kind::size, 64 * kib, 4 * kib, 256 * mib, "buffer per worker"}}},
        {"page_fault_churn",
         "maps, touches and unmaps memory",
         1,
         {{"size", Kind::size, 256 * kib, 4 * kib, 64 * mib, "mapping per cycle"}}},
        {"fork_exit", "forks a child that exits at once, and reaps it", 1, {}},
        {"nice_sweep",
         "walks its own nice value from low to high priority while spinning",
         1,
         {{"interval", Kind::duration, 1 * ms, 10 * us, 10 * s, "time at each value"}}},
        {"affinity_churn",
         "pins itself to one allowed CPU after another",
         1,
         {{"interval", Kind::duration, 1 * ms, 10 * us, 10 * s, "time on each CPU"}}},
        {"policy_churn",
         "changes its own policy between normal, batch and idle",
         1,
         {{"interval", Kind::duration, 1 * ms, 10 * us, 10 * s, "time in each policy"}}},
        {"memory_hog",
         "allocates and touches memory until it is stopped or killed",
         1,
         {{"step", Kind::size, 4 * mib, 4 * kib, 256 * mib, "memory per work unit"}}},
    };
}

} // namespace

const std::vector<WorkType>& work_types() {
    static const std::vector<WorkType> types = catalogue();
    return types;
}

const WorkType* find_work_type(std::string_view name) {
    for (const auto& type : work_types())
        if (type.name == name) return &type;
    return nullptr;
}

} // namespace ktstr::plan
