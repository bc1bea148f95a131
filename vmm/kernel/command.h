// SPDX-License-Identifier: GPL-2.0-only
// Long commands (apt, tar, make): their output in a log, their progress told, their whole process group gone when the
// user interrupts.
#pragma once

#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"

namespace ktstr {

// Takes SIGINT, SIGTERM and SIGHUP of this thread as long as it lives: they no longer kill the program, they are noted.
class StopSignals {
  public:
    StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;
    ~StopSignals();

    // Readable (poll) when one has come.
    [[nodiscard]] int fd() const { return fd_.get(); }
    // Whether one has come so far.
    [[nodiscard]] bool stopped();

  private:
    sigset_t before_{};
    Fd fd_;
    bool stopped_ = false;
};

// How far a long job is. `fraction` is 0..1, or negative if it is not known.
struct KernelProgress {
    std::string step;
    double fraction = -1;
};
using ProgressSink = std::function<void(const KernelProgress&)>;

// A log file that commands append to.
class CommandLog {
  public:
    // Replaces what a former run left at `path`.
    static Result<CommandLog> create(const std::filesystem::path& path);
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    void write(std::string_view text) const;
    // The last `count` lines of the last command, each indented by two spaces.
    [[nodiscard]] std::string tail(unsigned count) const;

  private:
    CommandLog(std::filesystem::path path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
    std::filesystem::path path_;
    Fd fd_;
};

// Runs the command to its end; each line of its output goes to the log and to `on_line`. A command that fails is an
// error with the log's last lines and path, named `what` ("building vmlinux"). When a stop signal comes, the command's
// process group is killed and the error says that it was interrupted.
Result<void> run_logged(ProcessOptions options, const std::string& what, const CommandLog& log, StopSignals& stop,
                        const std::function<void(std::string_view line)>& on_line = {});

} // namespace ktstr
