// SPDX-License-Identifier: GPL-2.0-only
#include "guest/work/worker.h"

#include <algorithm>

#include "guest/own_placement.h"

namespace ktstr::guest {

std::uint64_t spin(std::uint64_t value, std::uint32_t steps) {
    for (std::uint32_t i = 0; i < steps; ++i) {
        value = value * 6364136223846793005ULL + 1442695040888963407ULL;
        asm volatile("" : "+r"(value)); // each step is really done
    }
    return value;
}

void Worker::compute(std::uint64_t ns) {
    compute(ns, spin_pace_, [value = ns](std::uint32_t steps) mutable { value = spin(value, steps); });
}

void Worker::compute(std::uint64_t ns, Pace& pace, const std::function<void(std::uint32_t)>& step) {
    constexpr double fewest_steps = 16;
    constexpr double most_steps = 65536; // so that a stop and a change of CPU are seen in time
    std::uint64_t now = thread_cpu_ns();
    const std::uint64_t end = now + ns;
    while (now < end && running()) {
        // Aim short of the end, then again: a few looks at the clock per burst, however long it is.
        const double wanted = static_cast<double>(end - now) * pace.steps_per_ns * 0.8;
        const auto steps = static_cast<std::uint32_t>(std::clamp(wanted, fewest_steps, most_steps));
        step(steps);
        const std::uint64_t after = thread_cpu_ns();
        if (steps > 512 && after > now)
            pace.steps_per_ns = std::clamp(static_cast<double>(steps) / static_cast<double>(after - now), 0.001, 10.0);
        now = after;
        observe();
    }
}

void Worker::compute_until(std::uint64_t deadline_ns) {
    std::uint64_t value = deadline_ns;
    while (running() && monotonic_ns() < deadline_ns) {
        value = spin_block(value);
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

template <typename Sleep> bool Worker::sleep(std::uint64_t ns, const Sleep& call) {
    if (!setting_.telemetry) return running() && call();
    const std::uint64_t end = telemetry_.begin_sleep(ns) + ticks_now();
    const bool to_the_end = running() && call();
    const std::uint64_t now = ticks_now();
    telemetry_.end_sleep(current_cpu(), now);
    if (to_the_end && ns > 0) note_wake_between(end, now);
    return to_the_end;
}

bool Worker::sleep_for(std::uint64_t ns) {
    const timespec time = to_timespec(ns);
    return sleep(ns, [&time] { return ::clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr) == 0; });
}

bool Worker::sleep_until(std::uint64_t deadline_ns) {
    const std::uint64_t now = monotonic_ns();
    const timespec time = to_timespec(deadline_ns);
    return sleep(deadline_ns > now ? deadline_ns - now : 0,
                 [&time] { return ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == 0; });
}

void Worker::note_wake_between(std::uint64_t from_ticks, std::uint64_t until_ticks) {
    if (!measures_wakes_ || !running()) return;
    if (slot_.frozen_until_ticks.load(std::memory_order_relaxed) > from_ticks) return;
    // The counters of two CPUs may differ a little.
    const std::uint64_t ticks = until_ticks > from_ticks ? until_ticks - from_ticks : 0;
    latencies_->wake.note(static_cast<std::uint64_t>(static_cast<double>(ticks) / slot_.ticks_per_ns));
}

void Worker::note_wake(const CallStamp& called, std::uint64_t since) {
    if (!measures_wakes_) return;
    const std::uint64_t now = ticks_now();
    if (const std::uint64_t from = called.since(since); from != 0) note_wake_between(from, now);
}

void Worker::note_late_wake(std::uint64_t ns) {
    if (!measures_wakes_) return;
    const std::uint64_t now = ticks_now();
    note_wake_between(now - static_cast<std::uint64_t>(static_cast<double>(ns) * slot_.ticks_per_ns), now);
}

bool Worker::wait_while(FutexWord& word, std::uint32_t value) const {
    while (running()) {
        if (word.load(std::memory_order_acquire) != value) return true;
        futex_wait(word, value);
    }
    return false;
}

bool Worker::wait_while(FutexWord& word, std::uint32_t value, CallStamp& called, Sleepers sleepers) {
    while (running()) {
        if (sleepers == Sleepers::one) called.arm();
        const std::uint64_t since = sleepers == Sleepers::one || !measures_wakes_ ? 1 : ticks_now();
        if (word.load(std::memory_order_acquire) != value) return true;
        futex_wait(word, value);
        note_wake(called, since);
    }
    return false;
}

void Worker::wait_until(FutexWord& word, std::uint32_t value, std::uint64_t deadline_ns) {
    const std::uint64_t now = monotonic_ns();
    if (deadline_ns <= now || !running()) return;
    begin_sleep(deadline_ns - now);
    futex_wait_for(word, value, to_timespec(deadline_ns - now));
    end_sleep();
}

void Worker::wait_for_stop() const {
    while (running()) futex_wait(slot_.stop, 0);
}

void Worker::fail(std::string_view what, int errno_value, std::string_view needs) const {
    fail_worker(slot_, what, errno_value, needs);
}

void Worker::refuse(std::string_view why) const { refuse_work(slot_, why); }

} // namespace ktstr::guest
