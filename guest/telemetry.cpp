// SPDX-License-Identifier: GPL-2.0-only
#include "guest/telemetry.h"

#include <sched.h>

#include <algorithm>

namespace ktstr::guest {

namespace {

constexpr std::uint64_t clock_interval_ns = 250'000;
constexpr std::uint32_t max_stride = 4096;

bool has_cpu(const std::array<std::atomic<std::uint64_t>, cpu_words>& words, int cpu) {
    const auto bit = static_cast<unsigned>(cpu);
    return bit / 64 < words.size() && ((words.at(bit / 64).load(std::memory_order_relaxed) >> (bit % 64)) & 1U) != 0;
}

void note_gap(WorkerSlot& slot, std::uint64_t gap_ns, std::uint64_t at_ns, int cpu) {
    if (gap_ns <= slot.longest_gap_ns.load(std::memory_order_relaxed)) return;
    slot.longest_gap_ns.store(gap_ns, std::memory_order_relaxed);
    slot.longest_gap_at_ns.store(at_ns, std::memory_order_relaxed);
    slot.longest_gap_cpu.store(cpu, std::memory_order_relaxed);
}

} // namespace

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

Telemetry::Telemetry(WorkerSlot& slot, std::uint64_t (*clock)())
    : slot_(slot), clock_(clock), last_clock_ns_(slot.clock_ns.load(std::memory_order_relaxed)),
      last_excused_ns_(slot.excused_ns.load(std::memory_order_relaxed)) {}

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

void Telemetry::ask_sleep(std::uint64_t ns) {
    asked_ns_ += ns;
    slot_.asked_ns.store(asked_ns_, std::memory_order_relaxed);
    passes_to_clock_ = 1;
}

void Telemetry::look_at_clock(int cpu) {
    const std::uint64_t now = clock_();
    const std::uint64_t excused = slot_.excused_ns.load(std::memory_order_relaxed);
    const std::uint64_t elapsed = now > last_clock_ns_ ? now - last_clock_ns_ : 0;
    const std::uint64_t allowance = asked_ns_ + (excused - last_excused_ns_);
    // Once told to stop, being late is no longer the scheduler's fault alone.
    if (elapsed > allowance && slot_.stop.load(std::memory_order_relaxed) == 0)
        note_gap(slot_, elapsed - allowance, now, cpu);
    if (elapsed > 2 * clock_interval_ns) stride_ = std::max(stride_ / 2, 1U);
    if (elapsed < clock_interval_ns / 2) stride_ = std::min(stride_ * 2, max_stride);
    passes_to_clock_ = stride_;
    last_clock_ns_ = now;
    last_excused_ns_ = excused;
    asked_ns_ = 0;
    slot_.asked_ns.store(0, std::memory_order_relaxed);
    slot_.excused_seen_ns.store(excused, std::memory_order_relaxed);
    slot_.clock_ns.store(now, std::memory_order_relaxed);
}

void close_gap(WorkerSlot& slot, std::uint64_t now_ns) {
    const std::uint64_t since = slot.clock_ns.load(std::memory_order_relaxed);
    const std::uint64_t allowance = slot.asked_ns.load(std::memory_order_relaxed) +
                                    slot.excused_ns.load(std::memory_order_relaxed) -
                                    slot.excused_seen_ns.load(std::memory_order_relaxed);
    if (since != 0 && now_ns > since + allowance)
        note_gap(slot, now_ns - since - allowance, now_ns, slot.last_cpu.load(std::memory_order_relaxed));
}

} // namespace ktstr::guest
