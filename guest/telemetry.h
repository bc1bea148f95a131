// SPDX-License-Identifier: GPL-2.0-only
// What a worker tells about itself while it runs: a slot of shared memory per worker, so that it survives a SIGKILL,
// and the few instructions per pass through the work loop that keep it up to date.
//
// Cost: per pass four loads, two stores and a count-down; the clock is read about once in 250 us, however short a pass
// is. Gaps are therefore known to about a quarter of a millisecond.
#pragma once

#include <sys/rseq.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "guest/clock.h"
#include "interp/plan/topology.h"

namespace ktstr::guest {

constexpr std::size_t cpu_words = plan::max_cpus / 64;

struct alignas(64) WorkerSlot {
    // Written by the worker.
    std::atomic<std::uint64_t> work_units{0};
    std::atomic<std::uint64_t> iterations{0};
    std::atomic<std::uint64_t> migrations{0};
    std::atomic<std::uint64_t> clock_ns{0};        // CLOCK_MONOTONIC when it last looked; the start signal before that
    std::atomic<std::uint64_t> asked_ns{0};        // sleep it has asked for since then
    std::atomic<std::uint64_t> excused_seen_ns{0}; // `excused_ns` as it was then
    std::atomic<std::uint64_t> longest_gap_ns{0};
    std::atomic<std::uint64_t> longest_gap_at_ns{0}; // CLOCK_MONOTONIC at its end
    std::atomic<int> longest_gap_cpu{-1};
    std::atomic<int> last_cpu{-1};
    std::atomic<std::uint64_t> isolation_violations{0};
    std::atomic<int> isolation_cpu{-1};
    std::array<std::atomic<std::uint64_t>, cpu_words> seen_cpus{};
    std::array<char, 160> failure{}; // why it gave up, zero-terminated; empty if it did not

    // Written by the executor.
    alignas(64) std::atomic<std::uint32_t> stop{0}; // a futex: 1 = end now
    // Even while `allowed_cpus` is what the kernel enforces, odd while the executor changes a cpuset.
    std::atomic<std::uint32_t> epoch{0};
    std::atomic<std::uint64_t> excused_ns{0}; // total time the executor has kept it frozen
    std::array<std::atomic<std::uint64_t>, cpu_words> allowed_cpus{};
};

// The executor's side of the epoch: begin, change the kernel's cpuset, end with what holds from then on.
void begin_cpuset_change(WorkerSlot& slot);
void end_cpuset_change(WorkerSlot& slot, const plan::CpuSet& allowed);

plan::CpuSet cpu_set_of(const std::array<std::atomic<std::uint64_t>, cpu_words>& words);

// The CPU that the caller runs on: from the rseq area that the kernel keeps up to date (one load), or getcpu without
// it.
int current_cpu();

// The worker's side. `clock` is replaced by tests.
class Telemetry {
  public:
    explicit Telemetry(WorkerSlot& slot, std::uint64_t (*clock)() = monotonic_ns);

    // To be called with a CPU number read just before. Counts nothing; keeps CPUs, isolation and gaps.
    void observe(int cpu) {
        std::atomic_signal_fence(std::memory_order_seq_cst); // the CPU was read before the epoch
        const std::uint32_t epoch = slot_.epoch.load(std::memory_order_acquire);
        if (cpu != judged_cpu_ || epoch != judged_epoch_) judge(cpu, epoch);
        if (--passes_to_clock_ == 0) look_at_clock(cpu);
    }

    // One pass through the work loop, which has done `units` of work.
    void pass(int cpu, std::uint64_t units) {
        iterations_ += 1;
        work_units_ += units;
        slot_.iterations.store(iterations_, std::memory_order_relaxed);
        slot_.work_units.store(work_units_, std::memory_order_relaxed);
        observe(cpu);
        if (outside_) count_violation(cpu);
    }

    // The worker is about to sleep for `ns` of its own will: no part of a gap. The clock is read at the next observe().
    void ask_sleep(std::uint64_t ns);

  private:
    void judge(int cpu, std::uint32_t epoch);
    void count_violation(int cpu);
    void look_at_clock(int cpu);

    WorkerSlot& slot_;
    std::uint64_t (*clock_)();
    std::uint64_t iterations_ = 0;
    std::uint64_t work_units_ = 0;
    int last_cpu_ = -1;
    int judged_cpu_ = -1; // the CPU and epoch for which `outside_` holds
    std::uint32_t judged_epoch_ = 1;
    std::uint32_t seen_epoch_ = 1;
    bool outside_ = false;
    std::uint32_t passes_to_clock_ = 1;
    std::uint32_t stride_ = 1; // passes between two looks at the clock
    std::uint64_t last_clock_ns_;
    std::uint64_t last_excused_ns_;
    std::uint64_t asked_ns_ = 0;
};

// The longest time that the worker was kept from its work, taking in the time since it last looked at the clock, for
// the moment it is told to stop: a worker that was starved to the end cannot tell so itself.
void close_gap(WorkerSlot& slot, std::uint64_t now_ns);

} // namespace ktstr::guest
