// SPDX-License-Identifier: GPL-2.0-only
#include "guest/worker_process.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <vector>

#include "guest/kernel_file.h"
#include "guest/own_placement.h"

namespace ktstr::guest {

namespace {

// Everything above standard error, but for what the worker was given.
void close_other_descriptors(const WorkerSetting& setting) {
    std::vector<int> kept = setting.files;
    if (setting.disk.fd >= 0) kept.push_back(setting.disk.fd);
    std::sort(kept.begin(), kept.end());
    unsigned first = 3;
    for (const int fd : kept) {
        const auto number = static_cast<unsigned>(fd);
        if (number > first) ::close_range(first, number - 1, 0);
        first = std::max(first, number + 1);
    }
    ::close_range(first, ~0U, 0);
}

void reset_signals() {
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGINT, SIGTERM}) ::signal(signal, SIG_DFL);
    ::signal(SIGPIPE, SIG_IGN);
    struct sigaction interrupt {};
    interrupt.sa_handler = [](int) {}; // no SA_RESTART: its purpose is to interrupt
    ::sigaction(SIGUSR1, &interrupt, nullptr);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void wait_for_start(const WorkerStart& start, const WorkerSlot& slot) {
    while (slot.stop.load() == 0) {
        const std::uint32_t now = start.started_batch.load(std::memory_order_acquire);
        if (now >= start.batch) return;
        futex_wait(start.started_batch, now);
    }
}

[[noreturn]] void become_worker(const WorkerStart& start) {
    reset_signals();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    close_other_descriptors(start.setting);
    // The executor is exempt from the OOM killer; its workers are what it should take first. Outside of a guest this
    // may be refused, and does not matter.
    (void)write_kernel_file("/proc/self/oom_score_adj", "500");
    WorkerSlot& slot = start.setting.members[start.setting.member];
    place_itself(start.setting.work, slot);
    wait_for_start(start, slot);
    slot.setup_cpu_ns = thread_cpu_ns();
    Worker worker(start.setting);
    start.entry.loop(worker);
    ::_exit(0);
}

} // namespace

Result<pid_t> fork_worker(const WorkerStart& start, int cgroup_fd) {
    clone_args arguments{};
    arguments.exit_signal = SIGCHLD;
    if (cgroup_fd >= 0) {
        arguments.flags = CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<std::uint64_t>(cgroup_fd);
    }
    // A stop must not kill the child before it has its handler: signals stay blocked until reset_signals().
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before);
    const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof(arguments)));
    const int clone_errno = errno;
    if (pid == 0) become_worker(start);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return errno_error("fork a worker of", "'" + start.setting.work.name + "'", clone_errno);
    ::setpgid(pid, pid); // done from here, so that it holds before anything else is done to the worker
    return pid;
}

} // namespace ktstr::guest
