// SPDX-License-Identifier: GPL-2.0-only
#include "guest/shell.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/errno_text.h"
#include "guest/kernel_file.h"
#include "guest/payload_process.h"
#include "guest/pipe.h"

namespace ktstr::guest {

namespace {

constexpr std::size_t piece = 32U << 10U;
constexpr std::size_t queue_limit = 256U << 10U; // of output that the host has not taken; the shell waits beyond it
constexpr std::size_t rest_limit = 1U << 20U;    // more than pipes and terminals hold: what was written before the end
constexpr std::uint64_t look_interval_ns = 50 * ns_per_ms;

winsize to_winsize(const wire::TerminalSize& size) {
    winsize out{};
    out.ws_row = static_cast<unsigned short>(size.rows);
    out.ws_col = static_cast<unsigned short>(size.columns);
    return out;
}

std::vector<std::string> environment_of(const wire::Shell& wanted) {
    const std::string programs = wire::program_directory;
    const std::string included = wire::include_directory;
    return {std::string("LD_LIBRARY_PATH=") + wire::library_directory,
            "PATH=" + programs + ":" + included + ":/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME=/",
            "TMPDIR=/tmp",
            "USER=root",
            "PS1=ktstr:\\w# ",
            "TERM=" + wanted.terminal_type};
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> out;
    for (const auto& word : words) out.push_back(const_cast<char*>(word.c_str()));
    out.push_back(nullptr);
    return out;
}

} // namespace

Ending ShellSession::run(SchedulerControl* scheduler) {
    if (auto started = start(); !started) return executor_failed(started.error());
    const auto ended = [this] {
        serve();
        return exit_.has_value();
    };
    while (loop_.run_until({.look_every_ns = look_interval_ns}, ended) == EventLoop::Outcome::interrupted) {
        if (scheduler == nullptr || !scheduler->lost()) return {.message = "stopped early by the host"};
        loop_.go_on();
        scheduler->report_loss();
    }
    for (std::size_t index = 0; index < 2; ++index) {
        loop_.unwatch(output_.at(index).get());
        for (std::size_t sent = 0; sent < rest_limit && forward(index); sent += piece) {
        }
    }
    loop_.run_until({}, [this] { return loop_.queued_bytes() == 0; });
    loop_.send(wire::FrameType::shell_end, wire::ShellEnd{exit_->exit_code, exit_->signal});
    return {};
}

Result<ShellSession::Ends> ShellSession::open_terminal() {
    output_[0] = Fd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    if (!output_[0]) {
        Error error = errno_error("open", "a pseudo-terminal", errno);
        error.hint = "build the kernel with CONFIG_UNIX98_PTYS, or use --exec";
        return error;
    }
    int locked = 0;
    if (::ioctl(output_[0].get(), TIOCSPTLCK, &locked) != 0) return errno_error("unlock", "the terminal", errno);
    const winsize size = to_winsize(wanted_.size);
    (void)::ioctl(output_[0].get(), TIOCSWINSZ, &size);
    Ends ends;
    for (Fd* end : {&ends.in, &ends.out, &ends.err}) {
        *end = Fd(::ioctl(output_[0].get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
        if (!*end) return errno_error("open", "the shell's end of the terminal", errno);
    }
    return ends;
}

Result<ShellSession::Ends> ShellSession::open_pipes() {
    Ends ends;
    ends.in = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!ends.in) return errno_error("open", "/dev/null", errno);
    for (std::size_t index = 0; index < 2; ++index) {
        auto pipe = open_pipe();
        if (!pipe) return pipe.error();
        output_.at(index) = std::move((*pipe)[0]);
        ::fcntl(output_.at(index).get(), F_SETFL, O_NONBLOCK);
        (index == 0 ? ends.out : ends.err) = std::move((*pipe)[1]);
    }
    return ends;
}

Result<void> ShellSession::start() {
    auto ends = wanted_.terminal ? open_terminal() : open_pipes();
    if (!ends) return ends.error();
    pid_ = ::fork();
    if (pid_ < 0) return errno_error("start", "the shell", errno);
    if (pid_ == 0) become_shell(*ends);
    write_input();
    return {};
}

void ShellSession::become_shell(const Ends& ends) const {
    for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::setsid();
    if (wanted_.terminal) (void)::ioctl(ends.in.get(), TIOCSCTTY, 0);
    ::dup2(ends.in.get(), STDIN_FILENO);
    ::dup2(ends.out.get(), STDOUT_FILENO);
    ::dup2(ends.err.get(), STDERR_FILENO);
    (void)write_kernel_file("/proc/self/oom_score_adj", "500"); // as for payloads: before the executor
    (void)!::chdir(directory_.c_str());
    const auto variables = environment_of(wanted_);
    ::execve(wanted_.command.front().c_str(), pointers(wanted_.command).data(), pointers(variables).data());
    std::fprintf(stderr, "ktstr-executor: cannot execute %s: %s\n", wanted_.command.front().c_str(),
                 errno_text(errno).c_str());
    ::_exit(127);
}

bool ShellSession::forward(std::size_t index) {
    Fd& fd = output_.at(index);
    if (!fd) return false;
    std::array<char, piece> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): read fills what is used
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count > 0) {
        loop_.send_bytes(index == 0 ? wire::FrameType::terminal_output : wire::FrameType::terminal_errors,
                         {buffer.data(), static_cast<std::size_t>(count)});
        return true;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    loop_.unwatch(fd.get());
    if (count == 0)
        fd.reset();
    else // EIO: no process has the terminal, but one may get it again
        quiet_until_ns_ = monotonic_ns() + look_interval_ns;
    return false;
}

void ShellSession::serve() {
    write_input();
    const bool waits = loop_.queued_bytes() > queue_limit || monotonic_ns() < quiet_until_ns_;
    for (std::size_t index = 0; index < 2; ++index) {
        const int fd = output_.at(index).get();
        if (fd < 0) continue;
        if (waits)
            loop_.unwatch(fd);
        else
            loop_.watch(fd, [this, index] { forward(index); });
    }
}

void ShellSession::write_input() {
    while (!input_.empty() && output_[0]) {
        const ssize_t count = ::write(output_[0].get(), input_.data(), input_.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;
        input_.erase(0, static_cast<std::size_t>(count));
    }
}

void ShellSession::take(const wire::Frame& frame) {
    if (!wanted_.terminal) return;
    if (frame.type == wire::FrameType::terminal_input) {
        input_ += frame.payload;
        return write_input();
    }
    const auto size = wire::decode_terminal_size(frame.payload);
    if (!size || !output_[0]) return;
    const winsize wanted = to_winsize(*size);
    (void)::ioctl(output_[0].get(), TIOCSWINSZ, &wanted); // the kernel sends SIGWINCH
}

bool ShellSession::reaped(pid_t pid, int status) {
    if (pid != pid_) return false;
    ProcessExit exit;
    if (WIFEXITED(status)) exit.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) exit.signal = WTERMSIG(status);
    exit_ = exit;
    return true;
}

} // namespace ktstr::guest
