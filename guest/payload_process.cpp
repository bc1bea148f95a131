// SPDX-License-Identifier: GPL-2.0-only
#include "guest/payload_process.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "base/errno_text.h"
#include "guest/clock.h"
#include "guest/kernel_file.h"
#include "guest/pipe.h"
#include "wire/message.h"

namespace ktstr::guest {

namespace {

// What the keeper tells the executor, in one write(2) of less than PIPE_BUF.
struct KeeperMessage {
    enum class Kind { cannot_fork, cannot_enter, cannot_execute, started, ended };
    Kind kind = Kind::started;
    int value = 0; // errno; of `ended`: what wait4 said
    pid_t pid = 0;
    std::uint64_t at_ns = 0;
    std::uint64_t cpu_ns = 0;
};

// What goes wrong between fork and exec.
struct StartFailure {
    KeeperMessage::Kind kind;
    int errno_value;
};

std::uint64_t to_ns(const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * ns_per_s + static_cast<std::uint64_t>(time.tv_usec) * 1000;
}

void tell(int status_fd, KeeperMessage message) {
    message.at_ns = monotonic_ns();
    (void)!::write(status_fd, &message, sizeof(message));
}

[[noreturn]] void fail_start(int failure_fd, KeeperMessage::Kind kind) {
    const StartFailure failure{kind, errno};
    (void)!::write(failure_fd, &failure, sizeof(failure));
    ::_exit(127);
}

struct Exec {
    const char* path;
    char* const* arguments;
    char* const* environment;
    const char* directory;
    std::array<int, 2> output;
};

[[noreturn]] void become_payload(const Exec& exec, int failure_fd) {
    for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::setsid();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)write_kernel_file("/proc/self/oom_score_adj", "500"); // as for workers: before the executor and the scheduler
    if (::chdir(exec.directory) != 0) fail_start(failure_fd, KeeperMessage::Kind::cannot_enter);
    const int null_fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null_fd >= 0) ::dup2(null_fd, STDIN_FILENO);
    ::dup2(exec.output[0], STDOUT_FILENO);
    ::dup2(exec.output[1], STDERR_FILENO);
    ::execve(exec.path, exec.arguments, exec.environment);
    fail_start(failure_fd, KeeperMessage::Kind::cannot_execute);
}

pid_t fork_into(int cgroup_fd) {
    clone_args arguments{};
    arguments.exit_signal = SIGCHLD;
    if (cgroup_fd >= 0) {
        arguments.flags = CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<std::uint64_t>(cgroup_fd);
    }
    return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof(arguments)));
}

void close_all_but(int first, int second) {
    const auto low = static_cast<unsigned>(std::min(first, second));
    const auto high = static_cast<unsigned>(std::max(first, second));
    if (low > 3) ::close_range(3, low - 1, 0);
    if (high > low + 1) ::close_range(low + 1, high - 1, 0);
    ::close_range(high + 1, ~0U, 0);
}

[[noreturn]] void keep(const Exec& exec, int cgroup_fd, int status_fd) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::prctl(PR_SET_NAME, "ktstr-keeper");
    // A scheduler under test that starves everything must not starve the news. Refused outside of a guest, where it
    // does not matter. What is forked here starts as SCHED_OTHER.
    sched_param parameter{};
    parameter.sched_priority = 99;
    (void)::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameter);
    std::array<int, 2> failure_pipe{-1, -1};
    pid_t payload = ::pipe2(failure_pipe.data(), O_CLOEXEC);
    if (payload == 0) payload = fork_into(cgroup_fd);
    if (payload < 0) {
        tell(status_fd, {.kind = KeeperMessage::Kind::cannot_fork, .value = errno});
        ::_exit(1);
    }
    if (payload == 0) become_payload(exec, failure_pipe[1]);
    close_all_but(status_fd, failure_pipe[0]);
    StartFailure failure{};
    ssize_t count = 0;
    do count = ::read(failure_pipe[0], &failure, sizeof(failure));
    while (count < 0 && errno == EINTR);
    ::close(failure_pipe[0]);
    const bool failed = count == sizeof(failure);
    tell(status_fd, failed ? KeeperMessage{.kind = failure.kind, .value = failure.errno_value}
                           : KeeperMessage{.kind = KeeperMessage::Kind::started, .pid = payload});
    while (true) {
        int status = 0;
        rusage usage{};
        const pid_t pid = ::wait4(-1, &status, __WALL, &usage);
        if (pid < 0 && errno == EINTR) continue;
        if (pid < 0) ::_exit(0); // nobody is left
        if (pid == payload && !failed)
            tell(status_fd, {.kind = KeeperMessage::Kind::ended,
                             .value = status,
                             .pid = pid,
                             .cpu_ns = to_ns(usage.ru_utime) + to_ns(usage.ru_stime)});
    }
}

const char* action_of(KeeperMessage::Kind kind) {
    if (kind == KeeperMessage::Kind::cannot_fork) return "fork";
    return kind == KeeperMessage::Kind::cannot_enter ? "enter" : "execute";
}

struct Parent {
    pid_t pid = 0;
    bool zombie = false;
};

// The parent of each process there is: "pid (name) state parent ..." (proc_pid_stat(5)); the name may hold anything.
std::map<pid_t, Parent> parents() {
    std::map<pid_t, Parent> found;
    std::error_code code;
    for (std::filesystem::directory_iterator entry("/proc", code), end; entry != end; entry.increment(code)) {
        const std::string name = entry->path().filename().string();
        pid_t pid = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr != name.data() + name.size()) continue;
        const auto stat = read_kernel_file("/proc/" + name + "/stat");
        const auto close = stat ? stat->rfind(") ") : std::string::npos;
        if (close == std::string::npos || close + 4 >= stat->size()) continue;
        Parent parent;
        parent.zombie = stat->at(close + 2) == 'Z' || stat->at(close + 2) == 'X';
        std::from_chars(stat->data() + close + 4, stat->data() + stat->size(), parent.pid);
        found[pid] = parent;
    }
    return found;
}

} // namespace

Result<PayloadProcess> PayloadProcess::start(const PayloadCommand& command) {
    std::vector<char*> argv = {const_cast<char*>(command.path.c_str())};
    for (const auto& argument : command.arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    std::array<std::string, 6> environment = {std::string("LD_LIBRARY_PATH=") + wire::library_directory,
                                              std::string("PATH=") + wire::program_directory +
                                                  ":/usr/sbin:/usr/bin:/sbin:/bin",
                                              "HOME=/",
                                              "TMPDIR=/tmp",
                                              "LC_ALL=C",
                                              "USER=root"};
    std::vector<char*> envp;
    for (auto& variable : environment) envp.push_back(variable.data());
    envp.push_back(nullptr);
    std::array<std::array<Fd, 2>, 3> pipes; // standard output, standard error, status
    for (auto& pipe : pipes) {
        auto opened = open_pipe();
        if (!opened) return opened.error();
        pipe = std::move(*opened);
    }
    const Exec exec{.path = argv[0],
                    .arguments = argv.data(),
                    .environment = envp.data(),
                    .directory = command.directory.c_str(),
                    .output = {pipes[0][1].get(), pipes[1][1].get()}};
    PayloadProcess payload;
    payload.keeper_ = ::fork();
    if (payload.keeper_ < 0) return errno_error("fork the keeper of", command.path, errno);
    if (payload.keeper_ == 0) keep(exec, command.cgroup_fd, pipes[2][1].get());
    payload.output_ = {std::move(pipes[0][0]), std::move(pipes[1][0])};
    payload.status_ = std::move(pipes[2][0]);
    for (const auto* fd : {&payload.output_[0], &payload.output_[1], &payload.status_})
        ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
    return payload;
}

void PayloadProcess::read_status() {
    KeeperMessage message;
    while (status_.valid()) {
        const ssize_t count = ::read(status_.get(), &message, sizeof(message));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return;
        if (count != sizeof(message)) {
            status_.reset();
            return;
        }
        if (message.kind == KeeperMessage::Kind::started) {
            pid_ = message.pid;
            started_ns_ = message.at_ns;
        } else if (message.kind == KeeperMessage::Kind::ended) {
            ProcessExit exit;
            if (WIFEXITED(message.value)) exit.exit_code = WEXITSTATUS(message.value);
            if (WIFSIGNALED(message.value)) exit.signal = WTERMSIG(message.value);
            exit_ = exit;
            ended_ns_ = message.at_ns;
            cpu_ns_ = message.cpu_ns;
        } else {
            start_error_ = std::string("cannot ") + action_of(message.kind) + " it: " + errno_text(message.value);
        }
    }
}

bool PayloadProcess::reaped(pid_t pid) {
    if (pid != keeper_ || keeper_gone_) return false;
    read_status(); // its last words
    keeper_gone_ = true;
    if (pid_ > 0) ::kill(-pid_, SIGKILL); // the keeper may have been killed itself
    return true;
}

std::vector<pid_t> PayloadProcess::processes() const {
    std::vector<pid_t> found;
    if (keeper_gone_) return found;
    const auto all = parents();
    std::set<pid_t> family = {keeper_};
    for (bool grew = true; grew;) {
        grew = false;
        for (const auto& [pid, parent] : all)
            if (family.contains(parent.pid) && family.insert(pid).second) grew = true;
    }
    for (const pid_t pid : family)
        if (pid != keeper_ && !all.at(pid).zombie) found.push_back(pid);
    return found;
}

void PayloadProcess::send_signal(int signal) const {
    if (started() && !exit_ && !keeper_gone_) ::kill(pid_, signal);
}

std::size_t PayloadProcess::kill_all() const {
    // A stopped process cannot fork: what forks meanwhile is found in the next round.
    constexpr int rounds = 20;
    std::set<pid_t> stopped;
    for (int round = 0; round < rounds; ++round) {
        const std::size_t before = stopped.size();
        for (const pid_t pid : processes())
            if (stopped.insert(pid).second) ::kill(pid, SIGSTOP);
        if (stopped.size() == before) break;
    }
    for (const pid_t pid : stopped) ::kill(pid, SIGKILL);
    return stopped.size();
}

std::string PayloadProcess::read_output(std::size_t index) { return read_available(output_.at(index)); }

} // namespace ktstr::guest
