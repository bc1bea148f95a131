// SPDX-License-Identifier: GPL-2.0-only
// A shell in the place of the scenario. With a terminal it gets one end of a pseudo-terminal, and the host has the
// other; without one its standard output and error are passed on, and it reads nothing.
#pragma once

#include <sys/types.h>

#include <array>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/process.h"
#include "guest/ending.h"
#include "guest/event_loop.h"
#include "guest/scheduler_control.h"

namespace ktstr::guest {

class ShellSession {
  public:
    ShellSession(EventLoop& loop, wire::Shell wanted, std::string directory)
        : loop_(loop), wanted_(std::move(wanted)), directory_(std::move(directory)) {}

    // From its start until it has ended and the host has all of its output. The shell outlives a scheduler that goes.
    // `scheduler` is null if none is attached.
    Ending run(SchedulerControl* scheduler);
    // What the host's user does: terminal_input and terminal_size.
    void take(const wire::Frame& frame);
    // Hand every ended child here. True if it was the shell.
    bool reaped(pid_t pid, int status);

  private:
    struct Ends { // of the shell's standard input, output and error
        Fd in;
        Fd out;
        Fd err;
    };
    Result<Ends> open_terminal();
    Result<Ends> open_pipes();
    Result<void> start();
    [[noreturn]] void become_shell(const Ends& ends) const;
    // Passes on one piece of output `index`; whether there was any.
    bool forward(std::size_t index);
    // Between two looks at the descriptors: writes what the terminal did not take, goes on with output that had to
    // wait.
    void serve();
    void write_input();

    EventLoop& loop_;
    const wire::Shell wanted_;
    const std::string directory_;
    std::array<Fd, 2> output_;         // the terminal, or standard output and error
    std::string input_;                // not yet taken by the terminal
    std::uint64_t quiet_until_ns_ = 0; // no process has the terminal: do not spin on it
    pid_t pid_ = -1;
    std::optional<ProcessExit> exit_;
};

} // namespace ktstr::guest
