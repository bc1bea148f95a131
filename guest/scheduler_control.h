// SPDX-License-Identifier: GPL-2.0-only
// Attaches, replaces and detaches the schedulers under test, one at a time, and notices when the one that runs goes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guest/ending.h"
#include "guest/event_loop.h"
#include "guest/kernel_log.h"
#include "guest/scheduler_process.h"
#include "guest/timeline.h"
#include "wire/message.h"

namespace ktstr::guest {

// A scheduler that the run may attach.
struct StagedScheduler {
    std::string name;
    std::string path; // in the guest; of a shell for one that is built into the kernel
    std::vector<std::string> arguments = {};
    std::string cgroup = {}; // directory of the cgroup that its process lives in; empty: the executor's own
    bool built_in = false;   // into the kernel: the shell commands switch it
    std::string enable = {};
    std::string disable = {};
};

// What the guest needs to start the plan's schedulers.
std::vector<StagedScheduler> staged_schedulers(const plan::Plan& plan, const wire::Begin& begin);

class SchedulerControl {
  public:
    // `schedulers` is not empty.
    SchedulerControl(EventLoop& loop, Timeline& timeline, std::vector<StagedScheduler> schedulers,
                     std::uint64_t attach_timeout_ns);

    // Of the one that runs, or ran last.
    [[nodiscard]] const std::string& name() const { return current_->name; }
    // Starts the scheduler, or the one that ran last if `name` is empty, and waits until the kernel runs it.
    std::optional<Ending> attach(const std::string& name);
    // Asks the one that runs to end (SIGINT, later SIGKILL) and waits until the kernel has let go of it. Nothing to do
    // if none is attached.
    std::optional<Ending> detach();
    // Looks now, instead of at the next tick, whether it is still there. If not, interrupts the loop.
    void check();
    // It went without being asked to. Cleared by report_loss().
    [[nodiscard]] bool lost() const { return lost_at_ns_.has_value(); }
    // Gathers the kernel's and its own last words, and tells the host.
    Ending report_loss();
    // Hand every ended child here. True if it was the scheduler.
    bool reaped(pid_t pid, int status);

  private:
    std::optional<Ending> attach_process();
    // Runs the command of one that is built into the kernel to its end.
    std::optional<Ending> switch_built_in(bool on);
    std::optional<Ending> start(const std::string& path, const std::vector<std::string>& arguments);
    [[nodiscard]] bool built_in() const { return current_->built_in; }
    void watch_output();
    void close_output();
    std::size_t forward_output(std::size_t index); // how many bytes there were
    bool gone() const { return !process_ || (!process_->running() && (built_in() || sched_ext_disabled())); }
    // Lets it end within `patience_ns`, and kills it then.
    void wait_until_gone(std::uint64_t patience_ns);
    Ending attach_failed(const std::string& what);
    plan::SchedulerExit report_exit(bool attached, bool requested);

    EventLoop& loop_;
    Timeline& timeline_;
    const std::vector<StagedScheduler> schedulers_;
    const StagedScheduler* current_;
    const std::uint64_t attach_timeout_ns_;
    std::optional<SchedulerProcess> process_;
    std::optional<KernelLog> kernel_log_;
    bool should_run_ = false;
    bool built_in_runs_ = false;
    std::optional<std::uint64_t> lost_at_ns_;
};

} // namespace ktstr::guest
