// SPDX-License-Identifier: GPL-2.0-only
#include "guest/scheduler_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include "guest/kernel_file.h"
#include "guest/pipe.h"
#include "wire/message.h"

namespace ktstr::guest {

namespace {

constexpr const char* state_path = "/sys/kernel/sched_ext/state";

// The child between fork and exec.
[[noreturn]] void become_scheduler(char* const* argv, char* const* envp, std::array<int, 2> output, int error_fd,
                                   const std::string& processes) {
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPIPE, SIGUSR1}) ::signal(signal, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::setsid();
    (void)write_kernel_file("/proc/self/oom_score_adj", "-500"); // before a worker, the scheduler is worth keeping
    const int null_fd = ::open("/dev/null", O_RDONLY);
    if (null_fd >= 0) ::dup2(null_fd, STDIN_FILENO);
    ::dup2(output[0], STDOUT_FILENO);
    ::dup2(output[1], STDERR_FILENO);
    if (null_fd > STDERR_FILENO) ::close(null_fd);
    int value = 0;
    if (!processes.empty() && !write_kernel_file(processes, "0")) value = errno;
    if (value == 0) {
        ::execve(argv[0], argv, envp);
        value = errno;
    }
    (void)!::write(error_fd, &value, sizeof(value));
    ::_exit(127);
}

} // namespace

Result<SchedulerProcess> SchedulerProcess::start(const std::string& path, const std::vector<std::string>& arguments,
                                                 const std::string& cgroup) {
    if (!cgroup.empty()) {
        std::error_code code;
        std::filesystem::create_directories(cgroup, code);
        if (code) return errno_error("make the scheduler's cgroup", cgroup, code.value());
    }
    std::vector<char*> argv = {const_cast<char*>(path.c_str())};
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    auto out = open_pipe();
    if (!out) return out.error();
    auto err = open_pipe();
    if (!err) return err.error();
    auto failure = open_pipe();
    if (!failure) return failure.error();

    std::string libraries = std::string("LD_LIBRARY_PATH=") + wire::library_directory;
    std::string programs = std::string("PATH=") + wire::program_directory + ":/bin:/sbin";
    std::string home = "HOME=/";
    const std::array<char*, 4> envp = {libraries.data(), programs.data(), home.data(), nullptr};

    SchedulerProcess scheduler;
    const std::string processes = cgroup.empty() ? "" : cgroup + "/cgroup.procs";
    scheduler.pid_ = ::fork();
    if (scheduler.pid_ < 0) return errno_error("start", path, errno);
    if (scheduler.pid_ == 0)
        become_scheduler(argv.data(), envp.data(), {(*out)[1].get(), (*err)[1].get()}, (*failure)[1].get(), processes);
    (*failure)[1].reset();
    int child_errno = 0;
    ssize_t count = 0;
    do count = ::read((*failure)[0].get(), &child_errno, sizeof(child_errno));
    while (count < 0 && errno == EINTR);
    if (count == sizeof(child_errno)) {
        ::waitpid(scheduler.pid_, nullptr, 0);
        Error error = errno_error("start the scheduler", path, child_errno);
        if (child_errno == ENOENT)
            error.hint = "it, or the loader that it names, is not in the guest: was it packed with its libraries?";
        return error;
    }
    scheduler.output_ = {std::move((*out)[0]), std::move((*err)[0])};
    for (const auto& fd : scheduler.output_) ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
    return scheduler;
}

void SchedulerProcess::send_signal(int signal) const {
    if (running()) ::kill(pid_, signal);
}

bool SchedulerProcess::reaped(pid_t pid, int status) {
    if (pid != pid_ || exit_) return false;
    ::kill(-pid, SIGKILL); // what it has left behind in its session
    ProcessExit exit;
    if (WIFEXITED(status)) exit.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) exit.signal = WTERMSIG(status);
    exit_ = exit;
    return true;
}

std::string SchedulerProcess::read_output(std::size_t index) { return read_available(output_.at(index)); }

bool sched_ext_exists() { return path_exists(state_path); }

bool sched_ext_enabled() {
    const auto state = read_kernel_file(state_path);
    return state && *state == "enabled";
}

bool sched_ext_disabled() {
    const auto state = read_kernel_file(state_path);
    return !state || *state == "disabled";
}

std::string sched_ext_ops() {
    const auto ops = read_kernel_file("/sys/kernel/sched_ext/root/ops");
    return ops ? *ops : "";
}

} // namespace ktstr::guest
