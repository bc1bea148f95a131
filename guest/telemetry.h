// SPDX-License-Identifier: GPL-2.0-only
// What a worker tells about itself while it runs: a slot of shared memory per worker, so that it survives a SIGKILL,
// and the few instructions per pass through the work loop that keep it up to date.
//
// Cost: per pass six loads, three stores and one reading of the CPU's cycle counter, and no system call: kernels
// without a stable TSC answer clock_gettime with one, which costs microseconds. So the workers measure in ticks, and
// the executor, who has time, translates.
#pragma once

#include <sys/rseq.h>
#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "guest/clock.h"
#include "interp/plan/topology.h"

namespace ktstr::guest {

// The CPU's cycle counter (x86 TSC).
inline std::uint64_t ticks_now() { return __builtin_ia32_rdtsc(); }

// When those who sleep on a word, a pipe or a file were last called, by the waker right before its system call. In
// shared memory.
class CallStamp {
  public:
    // The waker. Of several calls before the sleeper runs, the first one counts for the one who armed it.
    void call_armed() {
        std::uint64_t none = 0;
        ticks_.compare_exchange_strong(none, ticks_now(), std::memory_order_release, std::memory_order_relaxed);
    }
    // The same where several sleep: nobody knows which one a call wakes, so the latest one counts.
    void call_any() { ticks_.store(ticks_now(), std::memory_order_release); }
    // The only sleeper, before it looks whether it must sleep.
    void arm() { ticks_.store(0, std::memory_order_relaxed); }
    // When it was called, in ticks; 0 if not since then.
    [[nodiscard]] std::uint64_t since(std::uint64_t ticks) const {
        const std::uint64_t called = ticks_.load(std::memory_order_acquire);
        return called >= ticks ? called : 0;
    }

  private:
    std::atomic<std::uint64_t> ticks_{0};
};

// Translates ticks, by what both clocks have done since it was made.
class TickClock {
  public:
    TickClock() : base_ticks_(ticks_now()), base_ns_(monotonic_ns()) {}
    // Spins for the first millisecond of its life, to be exact to a few per mille at least.
    [[nodiscard]] double ticks_per_ns() const;
    [[nodiscard]] std::uint64_t to_ns(std::uint64_t ticks) const;   // a duration
    [[nodiscard]] std::uint64_t time_of(std::uint64_t ticks) const; // CLOCK_MONOTONIC at that reading

  private:
    std::uint64_t base_ticks_;
    std::uint64_t base_ns_;
};

constexpr std::size_t cpu_words = plan::max_cpus / 64;

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): who writes a part has its cache lines alone
struct alignas(64) WorkerSlot {
    // Written by the worker.
    std::atomic<std::uint64_t> work_units{0};
    std::atomic<std::uint64_t> iterations{0};
    std::atomic<std::uint64_t> migrations{0};
    std::atomic<std::uint64_t> began_ticks{0};  // at its first instruction after the start signal
    std::atomic<std::uint64_t> setup_cpu_ns{0}; // CPU time it had used when it began to work
    std::atomic<std::uint64_t> last_ticks{0};   // at its last pass; the start signal before the first
    std::atomic<std::uint64_t> asked_ticks{0};  // the sleep that it is in, or 0
    std::atomic<std::uint64_t> longest_gap_ticks{0};
    std::atomic<std::uint64_t> longest_gap_at_ticks{0}; // its end
    std::atomic<int> longest_gap_cpu{-1};
    std::atomic<int> last_cpu{-1};
    std::atomic<std::uint64_t> isolation_violations{0};
    std::atomic<int> isolation_cpu{-1};
    std::array<std::atomic<std::uint64_t>, cpu_words> seen_cpus{};
    std::array<char, 256> failure{}; // why it gave up, zero-terminated; empty if it did not
    // Of a thread, of which no wait() tells.
    std::atomic<std::uint32_t> thread{0};      // 1 = it is one
    std::atomic<std::uint32_t> ended{0};       // a futex: 1 = it has ended by itself
    std::atomic<std::uint64_t> ended_ns{0};    // CLOCK_MONOTONIC
    std::atomic<std::uint64_t> used_cpu_ns{0}; // at its end

    // Written by the executor.
    alignas(64) std::atomic<std::uint32_t> stop{0}; // a futex: 1 = end now
    // Even while `allowed_cpus` is what the kernel enforces, odd while the executor changes a cpuset.
    std::atomic<std::uint32_t> epoch{0};
    std::array<std::atomic<std::uint64_t>, cpu_words> allowed_cpus{};
    // When the executor last had it frozen: no part of a gap.
    std::atomic<std::uint64_t> frozen_from_ticks{0};
    std::atomic<std::uint64_t> frozen_until_ticks{0};
    double ticks_per_ns = 1;   // set before the start
    std::atomic<pid_t> pid{0}; // set before the start; the thread id of a thread, which writes it itself

    // For the other members of its group.
    alignas(64) std::atomic<std::uint32_t> call{0}; // a futex: grows by one whenever it is called upon
    std::atomic<std::uint32_t> notice{0};           // a futex: what it has to tell (a port); 0 until it has
    CallStamp called;                               // of the call that it sleeps for
    std::atomic<std::uint64_t> called_ns{0};        // CLOCK_MONOTONIC of a question, where its age matters
};

// The executor's side of the epoch: begin, change the kernel's cpuset, end with what holds from then on.
void begin_cpuset_change(WorkerSlot& slot);
void end_cpuset_change(WorkerSlot& slot, const plan::CpuSet& allowed);

// To be called right before the worker is thawed.
void excuse_freeze(WorkerSlot& slot, std::uint64_t from_ticks, std::uint64_t until_ticks);

// To be called when the worker is told to stop: takes in the time since its last pass. A worker that was starved to the
// end cannot tell so itself.
void close_gap(WorkerSlot& slot, std::uint64_t now_ticks);

plan::CpuSet cpu_set_of(const std::array<std::atomic<std::uint64_t>, cpu_words>& words);

// The CPU that the caller runs on: from the rseq area that the kernel keeps up to date (one load), or getcpu without
// it.
int current_cpu();

// The worker's side.
class Telemetry {
  public:
    explicit Telemetry(WorkerSlot& slot) : slot_(slot), last_ticks_(slot.last_ticks.load(std::memory_order_relaxed)) {}

    // To be called with a CPU and ticks read just before. Counts nothing; keeps CPUs, isolation and gaps.
    void observe(int cpu, std::uint64_t ticks) {
        std::atomic_signal_fence(std::memory_order_seq_cst); // the CPU was read before the epoch
        const std::uint32_t epoch = slot_.epoch.load(std::memory_order_acquire);
        if (cpu != judged_cpu_ || epoch != judged_epoch_) judge(cpu, epoch);
        if (ticks > last_ticks_ + longest_gap_ticks_) note_gap(cpu, ticks);
        last_ticks_ = ticks;
        slot_.last_ticks.store(ticks, std::memory_order_relaxed);
    }

    // One pass through the work loop, which has done `units` of work.
    void pass(int cpu, std::uint64_t ticks, std::uint64_t units) {
        count(units);
        observe(cpu, ticks);
        if (outside_) count_violation(cpu);
    }

    // The same and nothing else, for a bench of what the rest costs.
    void count(std::uint64_t units) {
        iterations_ += 1;
        work_units_ += units;
        slot_.iterations.store(iterations_, std::memory_order_relaxed);
        slot_.work_units.store(work_units_, std::memory_order_relaxed);
    }

    // The worker is about to sleep for `ns` of its own will, which is no part of a gap; and has woken up. Returns the
    // time in ticks.
    std::uint64_t begin_sleep(std::uint64_t ns);
    void end_sleep(int cpu, std::uint64_t ticks);

  private:
    void judge(int cpu, std::uint32_t epoch);
    void count_violation(int cpu);
    void note_gap(int cpu, std::uint64_t ticks);

    WorkerSlot& slot_;
    std::uint64_t iterations_ = 0;
    std::uint64_t work_units_ = 0;
    int last_cpu_ = -1;
    int judged_cpu_ = -1; // the CPU and epoch for which `outside_` holds
    std::uint32_t judged_epoch_ = 1;
    std::uint32_t seen_epoch_ = 1;
    bool outside_ = false;
    std::uint64_t last_ticks_;
    std::uint64_t longest_gap_ticks_ = 0;
};

} // namespace ktstr::guest
