// SPDX-License-Identifier: GPL-2.0-only
#include "guest/telemetry.h"

#include <sched.h>

#include <algorithm>

namespace ktstr::guest {

namespace {

bool has_cpu(const std::array<std::atomic<std::uint64_t>, cpu_words>& words, int cpu) {
    const auto bit = static_cast<unsigned>(cpu);
    return bit / 64 < words.size() && ((words.at(bit / 64).load(std::memory_order_relaxed) >> (bit % 64)) & 1U) != 0;
}

// How much of [from, until] was no gap: the worker's own sleep, and the time it was kept frozen.
std::uint64_t excused_ticks(const WorkerSlot& slot, std::uint64_t from, std::uint64_t until) {
    const std::uint64_t frozen_from = std::max(from, slot.frozen_from_ticks.load(std::memory_order_relaxed));
    const std::uint64_t frozen_until = std::min(until, slot.frozen_until_ticks.load(std::memory_order_relaxed));
    const std::uint64_t frozen = frozen_until > frozen_from ? frozen_until - frozen_from : 0;
    return slot.asked_ticks.load(std::memory_order_relaxed) + frozen;
}

// Takes [from, until] for a gap, if it is the longest.
void keep_longest(WorkerSlot& slot, std::uint64_t from, std::uint64_t until, int cpu) {
    const std::uint64_t excused = excused_ticks(slot, from, until);
    const std::uint64_t elapsed = until - from;
    if (elapsed <= excused + slot.longest_gap_ticks.load(std::memory_order_relaxed)) return;
    slot.longest_gap_ticks.store(elapsed - excused, std::memory_order_relaxed);
    slot.longest_gap_at_ticks.store(until, std::memory_order_relaxed);
    slot.longest_gap_cpu.store(cpu, std::memory_order_relaxed);
}

} // namespace

double TickClock::ticks_per_ns() const {
    std::uint64_t ns = monotonic_ns();
    while (ns < base_ns_ + ns_per_ms) ns = monotonic_ns();
    return static_cast<double>(ticks_now() - base_ticks_) / static_cast<double>(ns - base_ns_);
}

std::uint64_t TickClock::to_ns(std::uint64_t ticks) const {
    return static_cast<std::uint64_t>(static_cast<double>(ticks) / ticks_per_ns());
}

std::uint64_t TickClock::time_of(std::uint64_t ticks) const {
    return ticks > base_ticks_ ? base_ns_ + to_ns(ticks - base_ticks_) : base_ns_;
}

void begin_cpuset_change(WorkerSlot& slot) { slot.epoch.fetch_or(1, std::memory_order_seq_cst); }

void end_cpuset_change(WorkerSlot& slot, const plan::CpuSet& allowed) {
    std::array<std::uint64_t, cpu_words> words{};
    for (const int cpu : allowed.members())
        if (cpu < plan::max_cpus)
            words.at(static_cast<unsigned>(cpu) / 64) |= 1ULL << (static_cast<unsigned>(cpu) % 64);
    for (std::size_t i = 0; i < cpu_words; ++i) slot.allowed_cpus.at(i).store(words.at(i), std::memory_order_relaxed);
    slot.epoch.store((slot.epoch.load(std::memory_order_relaxed) | 1U) + 1, std::memory_order_release);
}

plan::CpuSet cpu_set_of(const std::array<std::atomic<std::uint64_t>, cpu_words>& words) {
    std::vector<int> cpus;
    for (int cpu = 0; cpu < plan::max_cpus; ++cpu)
        if (has_cpu(words, cpu)) cpus.push_back(cpu);
    return plan::CpuSet(std::move(cpus));
}

int current_cpu() {
    if (__rseq_size == 0) return ::sched_getcpu(); // a kernel without CONFIG_RSEQ
    const auto* area = reinterpret_cast<const volatile struct rseq*>(
        static_cast<const char*>(__builtin_thread_pointer()) + __rseq_offset);
    return static_cast<int>(area->cpu_id);
}

void Telemetry::judge(int cpu, std::uint32_t epoch) {
    if (cpu != last_cpu_) {
        if (last_cpu_ >= 0) slot_.migrations.fetch_add(1, std::memory_order_relaxed);
        last_cpu_ = cpu;
        slot_.last_cpu.store(cpu, std::memory_order_relaxed);
        const auto bit = static_cast<unsigned>(cpu);
        if (bit / 64 < cpu_words) slot_.seen_cpus.at(bit / 64).fetch_or(1ULL << (bit % 64), std::memory_order_relaxed);
    }
    outside_ = false;
    judged_cpu_ = -1;
    // Judge only if the epoch had begun before the CPU was read, and is still the same once the mask has been read.
    const bool steady = epoch == seen_epoch_ && (epoch & 1U) == 0;
    seen_epoch_ = epoch;
    if (!steady) return;
    const bool inside = has_cpu(slot_.allowed_cpus, cpu);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (slot_.epoch.load(std::memory_order_relaxed) != epoch) return;
    outside_ = !inside;
    judged_cpu_ = cpu;
    judged_epoch_ = epoch;
}

void Telemetry::count_violation(int cpu) {
    slot_.isolation_violations.fetch_add(1, std::memory_order_relaxed);
    if (slot_.isolation_cpu.load(std::memory_order_relaxed) < 0)
        slot_.isolation_cpu.store(cpu, std::memory_order_relaxed);
}

std::uint64_t Telemetry::begin_sleep(std::uint64_t ns) {
    const auto ticks = static_cast<std::uint64_t>(static_cast<double>(ns) * slot_.ticks_per_ns);
    slot_.asked_ticks.store(ticks, std::memory_order_relaxed);
    return ticks;
}

void Telemetry::end_sleep(int cpu, std::uint64_t ticks) {
    observe(cpu, ticks);
    slot_.asked_ticks.store(0, std::memory_order_relaxed);
}

void Telemetry::note_gap(int cpu, std::uint64_t ticks) {
    // Once told to stop, being late is no longer the scheduler's fault alone.
    if (slot_.stop.load(std::memory_order_relaxed) != 0) return;
    keep_longest(slot_, last_ticks_, ticks, cpu);
    longest_gap_ticks_ = slot_.longest_gap_ticks.load(std::memory_order_relaxed);
}

void excuse_freeze(WorkerSlot& slot, std::uint64_t from_ticks, std::uint64_t until_ticks) {
    // Frozen again before it has done a pass: one long freeze.
    const bool again = slot.frozen_until_ticks != 0 && slot.last_ticks < slot.frozen_until_ticks;
    if (!again) slot.frozen_from_ticks = from_ticks;
    slot.frozen_until_ticks = until_ticks;
}

void close_gap(WorkerSlot& slot, std::uint64_t now_ticks) {
    const std::uint64_t last = slot.last_ticks.load(std::memory_order_relaxed);
    if (now_ticks > last) keep_longest(slot, last, now_ticks, slot.last_cpu.load(std::memory_order_relaxed));
}

} // namespace ktstr::guest
