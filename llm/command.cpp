// SPDX-License-Identifier: GPL-2.0-only
#include "llm/command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/file.h"
#include "base/process.h"
#include "llm/answer.h"

namespace ktstr::llm {

namespace {

struct Pipe {
    Fd ours; // non-blocking
    Fd theirs;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC) != 0) return errno_error("create", "a pipe", errno);
    Pipe pipe{Fd(fds[0]), Fd(fds[1])};
    if (::fcntl(pipe.ours.get(), F_SETFL, O_NONBLOCK) != 0) return errno_error("set up", "a pipe", errno);
    return pipe;
}

Result<Fd> file_with(const std::string& text) {
    Fd fd(::memfd_create("ktstr-prompt", MFD_CLOEXEC));
    if (!fd) return errno_error("create", "a memory file", errno);
    if (auto written = write_all(fd.get(), text, "the prompt"); !written) return written.error();
    if (::lseek(fd.get(), 0, SEEK_SET) != 0) return errno_error("rewind", "a memory file", errno);
    return fd;
}

enum class Keep { beginning, end };

// Takes what there is to read, within reason, and keeps so much of it at most. False at the end.
bool drain(int fd, std::string& kept, std::size_t most, Keep keep) {
    constexpr int most_reads = 16; // so that who writes without end does not keep this one busy for ever
    std::array<char, 16384> buffer{};
    for (int i = 0; i < most_reads; ++i) {
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count < 0) return errno == EAGAIN || errno == EINTR;
        if (count == 0) return false;
        kept.append(buffer.data(), static_cast<std::size_t>(count));
        if (kept.size() > most && keep == Keep::beginning) kept.resize(most);
        if (kept.size() > most) kept.erase(0, kept.size() - most);
    }
    return true;
}

class Run {
  public:
    Run(Process process, Pipe out, Pipe err)
        : process_(std::move(process)), out_(std::move(out.ours)), err_(std::move(err.ours)) {}
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    ~Run() { kill_session(); }

    Reply finish(const Settings& settings) {
        const Deadline deadline = std::chrono::steady_clock::now() + settings.limit;
        std::array<pollfd, 4> fds = {pollfd{process_.pidfd(), POLLIN, 0}, pollfd{settings.cancel_fd, POLLIN, 0},
                                     pollfd{out_.get(), POLLIN, 0}, pollfd{err_.get(), POLLIN, 0}};
        while (true) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
            if (left.count() <= 0) return out_of_time(settings);
            if (::poll(fds.data(), fds.size(), static_cast<int>(std::min<std::int64_t>(left.count(), 60'000))) < 0)
                continue;
            if (fds[1].revents != 0) return Reply::cancelled();
            if (fds[2].revents != 0 && !drain(out_.get(), answer_, longest_answer + 1, Keep::beginning)) fds[2].fd = -1;
            if (fds[3].revents != 0 && !drain(err_.get(), errors_, most_errors, Keep::end)) fds[3].fd = -1;
            if (answer_.size() > longest_answer) return too_long();
            if (fds[0].revents != 0) return ended();
        }
    }

  private:
    static constexpr std::size_t most_errors = 8192;

    // Before the leader is reaped: until then the number is its own.
    void kill_session() {
        if (!reaped_) ::kill(-process_.pid(), SIGKILL);
    }
    static Reply out_of_time(const Settings& settings) {
        return Reply::out_of_time(
            {"KTSTR_LLM_COMMAND did not end within " + std::to_string(settings.limit.count() / 1000) + " s",
             "KTSTR_LLM_LIMIT is the time for one answer, in seconds"});
    }
    static Reply too_long() {
        Reply reply;
        reply.problem = "the answer has more than 64 KiB";
        return reply;
    }
    Reply ended() {
        (void)drain(out_.get(), answer_, longest_answer + 1, Keep::beginning);
        (void)drain(err_.get(), errors_, most_errors, Keep::end);
        kill_session();
        const ProcessExit exit = process_.wait();
        reaped_ = true;
        if (!exit.clean()) {
            while (errors_.ends_with('\n')) errors_.pop_back();
            const auto line = errors_.rfind('\n');
            const std::string said = errors_.substr(line == std::string::npos ? 0 : line + 1);
            return Reply::unavailable(
                {"KTSTR_LLM_COMMAND ended with " + exit.text() + (said.empty() ? "" : ": " + quoted_line(said))});
        }
        if (answer_.size() > longest_answer) return too_long();
        Reply reply;
        reply.text = std::move(answer_);
        return reply;
    }

    Process process_;
    bool reaped_ = false;
    Fd out_;
    Fd err_;
    std::string answer_;
    std::string errors_;
};

} // namespace

Reply ask_command(const Settings& settings, const std::string& prompt) {
    auto input = file_with(prompt);
    if (!input) return Reply::unavailable(input.error());
    auto out = make_pipe();
    if (!out) return Reply::unavailable(out.error());
    auto err = make_pipe();
    if (!err) return Reply::unavailable(err.error());
    auto process = Process::start({.arguments = {"/bin/sh", "-c", settings.command},
                                   .stdin_fd = input->get(),
                                   .stdout_fd = out->theirs.get(),
                                   .stderr_fd = err->theirs.get()});
    if (!process) return Reply::unavailable(process.error());
    out->theirs.reset();
    err->theirs.reset();
    return Run(std::move(*process), std::move(*out), std::move(*err)).finish(settings);
}

} // namespace ktstr::llm
