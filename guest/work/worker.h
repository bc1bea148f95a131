// SPDX-License-Identifier: GPL-2.0-only
// What a work loop sees: the worker it runs in. A work loop is a function `void name(Worker&)` that works until
// running() says no. Every wait in it ends early when the worker is told to stop, because the stop comes with a signal
// (sent again and again until the worker is gone) that interrupts system calls.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "guest/futex.h"
#include "guest/telemetry.h"
#include "interp/plan/plan.h"

namespace ktstr::guest {

// Memory that the members of one group (a pair, the contenders of a lock) share.
struct alignas(64) GroupSlot {
    FutexWord word{0};
};

// The two pipes of a pair: [0] is read from, [1] written to.
struct GroupPipes {
    std::array<int, 2> forth = {-1, -1}; // member 0 writes, member 1 reads
    std::array<int, 2> back = {-1, -1};  // member 1 writes, member 0 reads
};

class Worker {
  public:
    Worker(WorkerSlot& slot, const plan::WorkParameters& parameters, GroupSlot* group, GroupPipes pipes, int member)
        : slot_(slot), parameters_(parameters), group_(group), pipes_(pipes), member_(member), telemetry_(slot) {}

    [[nodiscard]] bool running() const { return slot_.stop.load(std::memory_order_relaxed) == 0; }

    // One pass through the work loop is done, with `units` units of work.
    void pass(std::uint64_t units = 1) { telemetry_.pass(current_cpu(), ticks_now(), units); }
    // In the middle of a long pass: keeps CPUs and gaps up to date.
    void observe() { telemetry_.observe(current_cpu(), ticks_now()); }

    // A duration, size or count of the work type, as the plan gives it (checked when the plan was read).
    [[nodiscard]] std::uint64_t parameter(const char* name) const {
        return static_cast<std::uint64_t>(std::get<std::int64_t>(parameters_.at(name)));
    }
    [[nodiscard]] int member() const { return member_; } // 0 .. group size - 1
    [[nodiscard]] GroupSlot& group() const { return *group_; }
    [[nodiscard]] const GroupPipes& pipes() const { return pipes_; }

    // Computes until it has used `ns` of CPU time (being preempted does not count), or is told to stop.
    void compute(std::uint64_t ns);
    // Computes in blocks of spin_block() until CLOCK_MONOTONIC says `deadline_ns`, one pass and one unit per block.
    void spin_until(std::uint64_t deadline_ns);
    // Sleeps of its own will; ends early when told to stop.
    void sleep_for(std::uint64_t ns);
    void sleep_until(std::uint64_t deadline_ns); // CLOCK_MONOTONIC
    // Nothing is left to do: sleeps until told to stop. The time counts as a gap.
    void wait_for_stop();
    // Ends the worker process with "error: cannot <what>: <errno>" in its report.
    [[noreturn]] void fail(std::string_view what, int errno_value);

  private:
    WorkerSlot& slot_;
    const plan::WorkParameters& parameters_;
    GroupSlot* group_;
    GroupPipes pipes_;
    int member_;
    Telemetry telemetry_;
    double steps_per_ns_ = 0.1; // of spin(), measured as compute() goes
};

// `steps` dependent multiply-adds. Returns the last value, to go on from.
std::uint64_t spin(std::uint64_t value, std::uint32_t steps);

// The block of computing that is one work unit of spin_wait.
constexpr std::uint32_t spin_block_steps = 8192;
inline std::uint64_t spin_block(std::uint64_t value) { return spin(value, spin_block_steps); }

using WorkLoop = void (*)(Worker&);

struct WorkLoopEntry {
    std::string_view work_type;
    WorkLoop loop;
    bool needs_pipes = false;
};

// The loop of a work type of plan::work_types(); null if this executor has none.
const WorkLoopEntry* find_work_loop(std::string_view work_type);

} // namespace ktstr::guest
