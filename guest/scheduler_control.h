// SPDX-License-Identifier: GPL-2.0-only
// Attaches and detaches the scheduler under test, and notices when it goes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guest/ending.h"
#include "guest/event_loop.h"
#include "guest/kernel_log.h"
#include "guest/scheduler_process.h"
#include "guest/timeline.h"

namespace ktstr::guest {

struct SchedulerCommand {
    std::string name;
    std::string path;
    std::vector<std::string> arguments;
    std::uint64_t attach_timeout_ns = 0;
};

class SchedulerControl {
  public:
    SchedulerControl(EventLoop& loop, Timeline& timeline, SchedulerCommand command);

    [[nodiscard]] const std::string& name() const { return command_.name; }
    // Starts it and waits until the kernel runs it.
    std::optional<Ending> attach();
    // Asks it to end (SIGINT, later SIGKILL) and waits until the kernel has let go of it. Nothing to do if it is not
    // attached.
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
    void watch_output();
    std::size_t forward_output(std::size_t index); // how many bytes there were
    bool gone() const { return !process_ || (!process_->running() && sched_ext_disabled()); }
    // Lets it end within `patience_ns`, and kills it then.
    void wait_until_gone(std::uint64_t patience_ns);
    Ending attach_failed(const std::string& what);
    plan::SchedulerExit report_exit(bool attached, bool requested);

    EventLoop& loop_;
    Timeline& timeline_;
    SchedulerCommand command_;
    std::optional<SchedulerProcess> process_;
    std::optional<KernelLog> kernel_log_;
    bool should_run_ = false;
    std::optional<std::uint64_t> lost_at_ns_;
};

} // namespace ktstr::guest
