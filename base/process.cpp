// SPDX-License-Identifier: GPL-2.0-only
#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace ktstr {

namespace {

// The child between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(const ProcessOptions& options, char* const* argv, char* const* envp, int error_fd,
                         pid_t parent) {
    auto fail = [error_fd] {
        const int value = errno;
        (void)!::write(error_fd, &value, sizeof(value));
        ::_exit(127);
    };
    if (options.new_session) ::setsid();
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail();
    if (::getppid() != parent) ::_exit(127);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0) fail();
    const int null_fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    const std::array<int, 3> wanted = {options.stdin_fd, options.stdout_fd, options.stderr_fd};
    // Move the sources above 2 first, so that a dup2 does not overwrite one that is still needed.
    std::array<int, 3> sources{};
    for (int i = 0; i < 3; ++i) sources.at(i) = ::fcntl(wanted.at(i) >= 0 ? wanted.at(i) : null_fd, F_DUPFD_CLOEXEC, 3);
    for (int i = 0; i < 3; ++i)
        if (::dup2(sources.at(i), i) < 0) fail();
    for (const int fd : options.inherited_fds)
        if (::fcntl(fd, F_SETFD, 0) != 0) fail();
    ::execvpe(argv[0], argv, envp);
    fail();
    ::_exit(127);
}

} // namespace

std::string ProcessExit::text() const {
    if (signal != 0) {
        const char* name = ::sigdescr_np(signal);
        return "signal " + std::to_string(signal) + " (" + (name != nullptr ? name : "unknown") + ")";
    }
    return "exit code " + std::to_string(exit_code);
}

Result<Process> Process::start(const ProcessOptions& options) {
    std::vector<char*> argv;
    for (const auto& argument : options.arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    std::vector<std::string> environment;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto name = text.substr(0, text.find('='));
        if (std::none_of(options.environment.begin(), options.environment.end(),
                         [name](const auto& added) { return added.first == name; }))
            environment.emplace_back(text);
    }
    for (const auto& [name, value] : options.environment) environment.push_back(name + "=" + value);
    std::vector<char*> envp;
    for (auto& entry : environment) envp.push_back(entry.data());
    envp.push_back(nullptr);

    std::array<int, 2> pipe_fds{};
    if (::pipe2(pipe_fds.data(), O_CLOEXEC) != 0) return errno_error("create", "a pipe", errno);
    const Fd read_end(pipe_fds[0]);
    Fd write_end(pipe_fds[1]);

    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return errno_error("start", options.arguments.at(0), errno);
    if (pid == 0) become(options, argv.data(), envp.data(), write_end.get(), parent);
    write_end.reset();

    Process process;
    process.pid_ = pid;
    process.pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    int child_errno = 0;
    ssize_t count = 0;
    do count = ::read(read_end.get(), &child_errno, sizeof(child_errno));
    while (count < 0 && errno == EINTR);
    if (count == sizeof(child_errno)) {
        process.wait();
        return errno_error("start", options.arguments.at(0), child_errno);
    }
    if (!process.pidfd_) return errno_error("watch", options.arguments.at(0), errno);
    return process;
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)), exit_(other.exit_) {}

Process& Process::operator=(Process&& other) noexcept {
    if (this != &other) {
        kill();
        pid_ = std::exchange(other.pid_, -1);
        pidfd_ = std::move(other.pidfd_);
        exit_ = other.exit_;
    }
    return *this;
}

Process::~Process() { kill(); }

std::optional<ProcessExit> Process::wait_for(std::chrono::milliseconds timeout) {
    if (exit_) return exit_;
    pollfd entry{pidfd_.get(), POLLIN, 0};
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (true) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        const int ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
        if (ready > 0) return wait();
        if (ready == 0) return std::nullopt;
        if (errno != EINTR) return std::nullopt;
    }
}

ProcessExit Process::wait() {
    if (exit_) return *exit_;
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    ProcessExit exit;
    if (WIFEXITED(status)) exit.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) exit.signal = WTERMSIG(status);
    exit_ = exit;
    return exit;
}

void Process::send_signal(int signal) const {
    if (pid_ > 0 && !exit_) ::kill(pid_, signal);
}

void Process::kill() {
    if (pid_ <= 0 || exit_) return;
    ::kill(pid_, SIGKILL);
    wait();
}

Result<CommandOutput> run_command(ProcessOptions options, bool merge_stderr) {
    std::array<int, 2> pipe_fds{};
    if (::pipe2(pipe_fds.data(), O_CLOEXEC) != 0) return errno_error("create", "a pipe", errno);
    const Fd read_end(pipe_fds[0]);
    Fd write_end(pipe_fds[1]);
    options.stdout_fd = write_end.get();
    if (merge_stderr) options.stderr_fd = write_end.get();
    auto process = Process::start(options);
    if (!process) return process.error();
    write_end.reset();
    constexpr std::size_t output_limit = 64U << 20U;
    CommandOutput result;
    std::array<char, 65536> buffer{};
    while (result.output.size() < output_limit) {
        const ssize_t count = ::read(read_end.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        result.output.append(buffer.data(), static_cast<std::size_t>(count));
    }
    result.exit = process->wait();
    return result;
}

} // namespace ktstr
