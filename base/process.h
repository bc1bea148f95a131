// SPDX-License-Identifier: GPL-2.0-only
// Child processes that cannot outlive their owner.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr {

struct ProcessOptions {
    std::vector<std::string> arguments;                                // arguments[0] is looked up on PATH
    std::vector<std::pair<std::string, std::string>> environment = {}; // added to the parent's
    std::string directory = {};                                        // empty = the parent's
    int stdin_fd = -1;                                                 // -1 = /dev/null
    int stdout_fd = -1;                                                // -1 = /dev/null
    int stderr_fd = -1;                                                // -1 = /dev/null
    std::vector<int> inherited_fds = {};                               // stay open in the child under the same numbers
    bool new_session = true; // own session: a Ctrl-C on the terminal reaches the parent only
};

struct ProcessExit {
    int exit_code = -1; // -1 if it died of a signal
    int signal = 0;     // 0 if it exited
    [[nodiscard]] bool clean() const { return exit_code == 0; }
    [[nodiscard]] std::string text() const; // "exit code 3", "signal 9 (Killed)"
};

// A running child. Dies with SIGKILL when the thread that started it ends (PR_SET_PDEATHSIG) or when this object goes.
class Process {
  public:
    static Result<Process> start(const ProcessOptions& options);
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    [[nodiscard]] pid_t pid() const { return pid_; }
    // Readable (poll) when the child has ended.
    [[nodiscard]] int pidfd() const { return pidfd_.get(); }
    // The exit, if the child ends within `timeout`; none if it still runs then.
    std::optional<ProcessExit> wait_for(std::chrono::milliseconds timeout);
    ProcessExit wait();
    void send_signal(int signal) const;
    // SIGKILL and reap.
    void kill();

  private:
    Process() = default;
    pid_t pid_ = -1;
    Fd pidfd_;
    std::optional<ProcessExit> exit_;
};

struct CommandOutput {
    ProcessExit exit;
    std::string output; // standard output; and standard error, if merged
};

// Runs a short command to its end and returns what it printed (at most 64 MiB).
Result<CommandOutput> run_command(ProcessOptions options, bool merge_stderr = false);

} // namespace ktstr
