// SPDX-License-Identifier: GPL-2.0-only
// A program under test, with all that it starts. Between it and the executor stands its keeper: a process of the
// executor's own code that adopts every descendant whose parent has ended (PR_SET_CHILD_SUBREAPER). So a program that
// daemonizes, in another session and process group, is still below its keeper, and the keeper's end is the end of all.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"

namespace ktstr::guest {

struct PayloadCommand {
    std::string path; // in the guest
    std::vector<std::string> arguments;
    std::string directory; // to start in
    int cgroup_fd = -1;    // -1: the caller's own
};

class PayloadProcess {
  public:
    // Does not wait until the program runs: a scheduler under test may take its time. The program has standard output
    // and error each in a pipe, and a session of its own.
    static Result<PayloadProcess> start(const PayloadCommand& command);

    // To be called when status_fd() can be read from.
    void read_status();
    [[nodiscard]] int status_fd() const { return status_.get(); }

    [[nodiscard]] bool started() const { return pid_ > 0; }
    // Why it could not be started, with the errno by name.
    [[nodiscard]] const std::optional<std::string>& start_error() const { return start_error_; }
    [[nodiscard]] bool ended() const { return exit_.has_value() || start_error_.has_value() || keeper_gone_; }
    // The program's own exit; what it has started may go on.
    [[nodiscard]] const std::optional<ProcessExit>& exit() const { return exit_; }
    // The keeper has ended, and with it every descendant.
    [[nodiscard]] bool gone() const { return keeper_gone_; }
    // Hand every ended child here. True if it was the keeper.
    bool reaped(pid_t pid);

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] std::uint64_t started_ns() const { return started_ns_; } // CLOCK_MONOTONIC
    [[nodiscard]] std::uint64_t ended_ns() const { return ended_ns_; }
    [[nodiscard]] std::uint64_t cpu_ns() const { return cpu_ns_; }

    // The program and every live process that comes from it.
    [[nodiscard]] std::vector<pid_t> processes() const;
    void send_signal(int signal) const; // to the program alone
    // SIGKILL to processes(), of which none gets away by forking. Returns how many there were.
    std::size_t kill_all() const;

    // Readable ends of its output; -1 once it is closed.
    [[nodiscard]] std::array<int, 2> output_fds() const { return {output_[0].get(), output_[1].get()}; }
    // What has come on output `index`; closes it at its end.
    std::string read_output(std::size_t index);

  private:
    PayloadProcess() = default;
    pid_t keeper_ = -1;
    bool keeper_gone_ = false;
    pid_t pid_ = 0;
    Fd status_;
    std::array<Fd, 2> output_;
    std::optional<std::string> start_error_;
    std::optional<ProcessExit> exit_;
    std::uint64_t started_ns_ = 0;
    std::uint64_t ended_ns_ = 0;
    std::uint64_t cpu_ns_ = 0;
};

} // namespace ktstr::guest
