// SPDX-License-Identifier: GPL-2.0-only
#include "guest/work/worker.h"

#include <algorithm>

#include "guest/own_placement.h"
#include "guest/work/loops.h"

namespace ktstr::guest {

std::uint64_t spin(std::uint64_t value, std::uint32_t steps) {
    for (std::uint32_t i = 0; i < steps; ++i) {
        value = value * 6364136223846793005ULL + 1442695040888963407ULL;
        asm volatile("" : "+r"(value)); // each step is really done
    }
    return value;
}

void Worker::compute(std::uint64_t ns) {
    constexpr double fewest_steps = 16;
    constexpr double most_steps = 65536; // so that a stop and a change of CPU are seen in time
    std::uint64_t now = thread_cpu_ns();
    const std::uint64_t end = now + ns;
    while (now < end && running()) {
        // Aim short of the end, then again: a few looks at the clock per burst, however long it is.
        const double wanted = static_cast<double>(end - now) * steps_per_ns_ * 0.8;
        const auto steps = static_cast<std::uint32_t>(std::clamp(wanted, fewest_steps, most_steps));
        spin(now, steps);
        const std::uint64_t after = thread_cpu_ns();
        if (steps > 512 && after > now)
            steps_per_ns_ = std::clamp(static_cast<double>(steps) / static_cast<double>(after - now), 0.001, 10.0);
        now = after;
        observe();
    }
}

void Worker::spin_until(std::uint64_t deadline_ns) {
    std::uint64_t value = deadline_ns;
    while (running()) {
        value = spin_block(value);
        pass();
        if (monotonic_ns() >= deadline_ns) return;
    }
}

void Worker::sleep_for(std::uint64_t ns) {
    telemetry_.begin_sleep(ns);
    const timespec time = to_timespec(ns);
    if (running()) ::clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
    telemetry_.end_sleep(current_cpu(), ticks_now());
}

void Worker::sleep_until(std::uint64_t deadline_ns) {
    const std::uint64_t now = monotonic_ns();
    telemetry_.begin_sleep(deadline_ns > now ? deadline_ns - now : 0);
    const timespec time = to_timespec(deadline_ns);
    if (running()) ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
    telemetry_.end_sleep(current_cpu(), ticks_now());
}

void Worker::wait_for_stop() {
    while (running()) futex_wait(slot_.stop, 0);
}

void Worker::fail(std::string_view what, int errno_value) { fail_worker(slot_, what, errno_value); }

const WorkLoopEntry* find_work_loop(std::string_view work_type) {
    static constexpr std::array<WorkLoopEntry, 18> entries = {{{"spin_wait", work::spin_wait},
                                                               {"yield_heavy", work::yield_heavy},
                                                               {"mixed", work::mixed},
                                                               {"alu_hot", work::alu_hot},
                                                               {"bursty", work::bursty},
                                                               {"idle_churn", work::idle_churn},
                                                               {"timer_latency", work::timer_latency},
                                                               {"pipe_io", work::pipe_io, true},
                                                               {"futex_ping_pong", work::futex_ping_pong},
                                                               {"mutex_contention", work::mutex_contention},
                                                               {"cache_pressure", work::cache_pressure},
                                                               {"cache_yield", work::cache_yield},
                                                               {"page_fault_churn", work::page_fault_churn},
                                                               {"fork_exit", work::fork_exit},
                                                               {"nice_sweep", work::nice_sweep},
                                                               {"affinity_churn", work::affinity_churn},
                                                               {"policy_churn", work::policy_churn},
                                                               {"memory_hog", work::memory_hog}}};
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [work_type](const WorkLoopEntry& entry) { return entry.work_type == work_type; });
    return found == entries.end() ? nullptr : &*found;
}

} // namespace ktstr::guest
