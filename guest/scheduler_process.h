// SPDX-License-Identifier: GPL-2.0-only
// The scheduler under test: a process like any other, and what the kernel says about it in sysfs.
#pragma once

#include <sys/types.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"

namespace ktstr::guest {

class SchedulerProcess {
  public:
    // Starts it with standard output and error each in a pipe, in the cgroup of that directory, which is made if it is
    // not there; empty: in the executor's own.
    static Result<SchedulerProcess> start(const std::string& path, const std::vector<std::string>& arguments,
                                          const std::string& cgroup);

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool running() const { return !exit_.has_value(); }
    [[nodiscard]] const std::optional<ProcessExit>& exit() const { return exit_; }
    void send_signal(int signal) const;
    // Takes in what wait4 said, if `pid` is the scheduler.
    bool reaped(pid_t pid, int status);

    // Readable ends of its output; -1 once it is closed.
    [[nodiscard]] std::array<int, 2> output_fds() const { return {output_[0].get(), output_[1].get()}; }
    // What has come on output `index`; closes it at its end.
    std::string read_output(std::size_t index);

  private:
    SchedulerProcess() = default;
    pid_t pid_ = -1;
    std::array<Fd, 2> output_;
    std::optional<ProcessExit> exit_;
};

// The kernel's view.
bool sched_ext_exists();
bool sched_ext_enabled();
bool sched_ext_disabled();   // wholly: the kernel has said why by then
std::string sched_ext_ops(); // the name of the attached scheduler's ops, or ""

} // namespace ktstr::guest
