// SPDX-License-Identifier: GPL-2.0-only
// What a work loop sees: the worker it runs in. A work loop is a function `void name(Worker&)` that works until
// running() says no. Every wait in it ends early when the worker is told to stop, because the stop comes with a signal
// (sent again and again until the worker is gone) that interrupts system calls.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "guest/futex.h"
#include "guest/telemetry.h"
#include "guest/work/group.h"
#include "guest/work/latency.h"
#include "interp/plan/plan.h"

namespace ktstr::guest {

// A part of the scratch disk: a block device or a file, opened for requests past the page cache.
struct DiskExtent {
    int fd = -1;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

// What a worker is given.
struct WorkerSetting {
    const plan::Work& work;
    WorkerSlot* members = nullptr; // of its group, one after the other
    int member = 0;                // which of them it is: 0 .. size - 1
    int size = 1;
    int first = 0;                        // number of its member 0 among the workers of the work
    GroupSlot* group = nullptr;           // null in a group of one
    std::vector<int> files = {};          // the descriptors that the group shares
    DiskExtent disk = {};                 // its own, or its group's
    void* shared = nullptr;               // as many bytes as its entry's shared_bytes() says, of zeros at first
    WorkerLatencies* latencies = nullptr; // its own; null if its work type has none
    bool telemetry = true;                // for a bench of what it costs: without, only passes and units are counted
    std::string cgroup_home = {};         // the directory of the cgroup that it lives in
    std::string cgroup_base = {};         // below which it may make cgroups
};

// How many can sleep for the same call.
enum class Sleepers { one, several };

// How fast a kind of computing goes, found out by compute() as it does it.
struct Pace {
    double steps_per_ns = 0.1;
};

class Worker {
  public:
    explicit Worker(const WorkerSetting& setting)
        : setting_(setting), slot_(setting.members[setting.member]), telemetry_(slot_),
          latencies_(setting.telemetry ? setting.latencies : nullptr), measures_wakes_(latencies_ != nullptr) {}

    [[nodiscard]] bool running() const { return slot_.stop.load(std::memory_order_relaxed) == 0; }

    // One pass through the work loop is done, with `units` units of work.
    void pass(std::uint64_t units = 1) {
        if (!setting_.telemetry) return telemetry_.count(units);
        telemetry_.pass(current_cpu(), ticks_now(), units);
    }
    // In the middle of a long pass: keeps CPUs and gaps up to date.
    void observe() {
        if (setting_.telemetry) telemetry_.observe(current_cpu(), ticks_now());
    }

    // The work type's parameters, as the plan gives them (checked when the plan was read).
    template <typename Value> [[nodiscard]] const Value& value(const char* name) const {
        return std::get<Value>(setting_.work.parameters.at(name));
    }
    // A duration, size or count.
    [[nodiscard]] std::uint64_t parameter(const char* name) const {
        return static_cast<std::uint64_t>(value<std::int64_t>(name));
    }
    [[nodiscard]] const std::string& choice(const char* name) const { return value<std::string>(name); }
    // The time between two events of a rate.
    [[nodiscard]] std::uint64_t period_of_rate(const char* name) const {
        return static_cast<std::uint64_t>(static_cast<double>(ns_per_s) / value<double>(name));
    }

    [[nodiscard]] int member() const { return setting_.member; }
    [[nodiscard]] int group_size() const { return setting_.size; }
    [[nodiscard]] std::uint32_t others() const { return static_cast<std::uint32_t>(setting_.size - 1); }
    [[nodiscard]] GroupSlot& group() const { return *setting_.group; }
    // Member `member` of the group, counted round and round.
    [[nodiscard]] WorkerSlot& slot_of(int member) const { return setting_.members[member % setting_.size]; }
    [[nodiscard]] WorkerSlot& own_slot() const { return slot_; }
    [[nodiscard]] WorkerSlot& next_slot() const { return slot_of(setting_.member + 1); }
    [[nodiscard]] bool is_thread() const { return setting_.work.threads; } // of one process with all of its work
    [[nodiscard]] const WorkerSetting& setting() const { return setting_; }
    // Computes until it has used `ns` of CPU time (being preempted does not count), or is told to stop. With spin(), or
    // by `step`, which is called with how many of its steps to do.
    void compute(std::uint64_t ns);
    void compute(std::uint64_t ns, Pace& pace, const std::function<void(std::uint32_t)>& step);
    // Computes until CLOCK_MONOTONIC says `deadline_ns`.
    void compute_until(std::uint64_t deadline_ns);
    // The same in blocks of spin_block(), one pass and one unit per block.
    void spin_until(std::uint64_t deadline_ns);
    // Sleeps of its own will; ends early when told to stop, and on any other signal. What it sleeps longer is a wake
    // latency. True if it slept to the end.
    bool sleep_for(std::uint64_t ns);
    bool sleep_until(std::uint64_t deadline_ns); // CLOCK_MONOTONIC
    // Around a system call that is a sleep of its own will, of `ns`: no part of a gap.
    void begin_sleep(std::uint64_t ns) {
        if (setting_.telemetry) telemetry_.begin_sleep(ns);
    }
    void end_sleep() {
        if (setting_.telemetry) telemetry_.end_sleep(current_cpu(), ticks_now());
    }
    // Sleeps while the word has this value. False if told to stop.
    bool wait_while(FutexWord& word, std::uint32_t value) const;
    // The same; from the call to the end of the sleep is a wake latency.
    bool wait_while(FutexWord& word, std::uint32_t value, CallStamp& called, Sleepers sleepers);
    // Until a time of CLOCK_MONOTONIC at most, which is no part of a gap.
    void wait_until(FutexWord& word, std::uint32_t value, std::uint64_t deadline_ns);

    // To be called first when a sleep has ended: notes the time since the call, if it came after `since` (ticks; 1 = it
    // armed the stamp before the sleep) and was what ended the sleep. Nothing is noted of a worker that was frozen
    // meanwhile or is told to stop.
    void note_wake(const CallStamp& called, std::uint64_t since = 1);
    // The same of a sleep whose end was due at a time that needs no stamp.
    void note_late_wake(std::uint64_t ns);
    // A benchmark that has a wake latency of its own: those above note nothing from now on.
    void measure_wakes_itself() { measures_wakes_ = false; }
    void note_own_wake(std::uint64_t ns) {
        if (latencies_ != nullptr) latencies_->wake.note(ns);
    }
    void note_request(std::uint64_t ns) {
        if (latencies_ != nullptr) latencies_->request.note(ns);
    }
    // Nothing is left to do: sleeps until told to stop. The time counts as a gap.
    void wait_for_stop() const;

    // Ends the worker with "error: cannot <what>: <errno>" in its report, and what it takes to be able to.
    [[noreturn]] void fail(std::string_view what, int errno_value, std::string_view needs = {}) const;
    // Ends it with "error: <why>".
    [[noreturn]] void refuse(std::string_view why) const;

  private:
    template <typename Sleep> bool sleep(std::uint64_t ns, const Sleep& call);
    void note_wake_between(std::uint64_t from_ticks, std::uint64_t until_ticks);

    const WorkerSetting& setting_;
    WorkerSlot& slot_;
    Telemetry telemetry_;
    WorkerLatencies* latencies_; // null = none are noted
    bool measures_wakes_;
    Pace spin_pace_;
};

// `steps` dependent multiply-adds. Returns the last value, to go on from.
std::uint64_t spin(std::uint64_t value, std::uint32_t steps);

// The block of computing that is one work unit of spin_wait.
constexpr std::uint32_t spin_block_steps = 8192;
inline std::uint64_t spin_block(std::uint64_t value) { return spin(value, spin_block_steps); }

} // namespace ktstr::guest
