// SPDX-License-Identifier: GPL-2.0-only
// The payloads that run: started, waited for, killed, and reported to the host with what they have written. Whatever
// goes wrong with one is written down in its report; the scenario goes on.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "guest/bounded_output.h"
#include "guest/event_loop.h"
#include "guest/payload_process.h"
#include "guest/timeline.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"

namespace ktstr::guest {

struct PayloadRun {
    int number = 0; // counts up over the scenario
    std::string payload;
    std::string cgroup;   // that it was started in: its address, with its name
    std::string lives_in; // where a move has brought it since
    int step = -1;        // that started it; -1 = backdrop
    plan::SourcePosition source;
    std::optional<PayloadProcess> process; // none if not even its keeper could be forked
    std::array<BoundedOutput, 2> output;
    std::function<std::uint64_t()> oom_kills; // how many processes the OOM killer has killed where it lives
    std::uint64_t oom_kills_before = 0;
    std::string start; // what is started, and where that is written: the beginning of an error
    std::string ended_by;
    std::string error;
    std::uint64_t left_processes = 0;
    std::string exit_note; // what is known of the exit beyond the number
    bool reported = false;

    [[nodiscard]] bool ended() const { return !process || process->ended(); }
    [[nodiscard]] bool gone() const { return !process || process->gone(); }
};

// What failed, where, and why: "run_payload at a.ktl:3:5: ..."
struct OpPlace {
    std::string op;
    plan::SourcePosition source;
    [[nodiscard]] std::string text() const;
};

using PayloadFilter = std::function<bool(const PayloadRun&)>;

class PayloadPool {
  public:
    PayloadPool(EventLoop& loop, Timeline& timeline) : loop_(loop), timeline_(timeline) {}

    // Starts it; returns once it executes its program, or cannot (then `error` says why), or the loop is interrupted.
    struct Start {
        std::string payload;
        std::string cgroup;
        OpPlace place;
        PayloadCommand command;
        std::function<std::uint64_t()> oom_kills = [] { return std::uint64_t{0}; };
    };
    PayloadRun& start(Start what);
    // The one that was started last under this address; null if none was.
    PayloadRun* find(const std::string& payload, const std::string& cgroup);
    // Until the program ends by itself; if that is not before `limit_ns` have passed, it is killed.
    EventLoop::Outcome wait(PayloadRun& run, std::uint64_t limit_ns, const OpPlace& place);
    // With all that it has started, at once. Returns when nothing of it is left.
    void kill(PayloadRun& run, const std::string& ended_by);
    // SIGTERM and a moment to say what it has measured, then the same. Frozen ones have no such moment.
    void end(const PayloadFilter& which, const std::string& ended_by, const PayloadFilter& is_frozen);
    // Tells the pool that all processes of a cgroup were moved.
    void moved(const std::string& from, const std::string& to);

    // Hand every ended child here. True if it was one of the pool's.
    bool reaped(pid_t pid);

  private:
    void watch(PayloadRun& run);
    void read_output(PayloadRun& run, std::size_t index);
    void read_status(PayloadRun& run);
    static void note_start_error(PayloadRun& run);
    void note_end(PayloadRun& run);
    // When all of it is gone.
    void report(PayloadRun& run);

    EventLoop& loop_;
    Timeline& timeline_;
    std::vector<std::unique_ptr<PayloadRun>> runs_; // handlers in the loop hold their addresses
};

} // namespace ktstr::guest
