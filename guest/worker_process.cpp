// SPDX-License-Identifier: GPL-2.0-only
#include "guest/worker_process.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "guest/kernel_file.h"
#include "guest/own_placement.h"

namespace ktstr::guest {

namespace {

constexpr std::size_t thread_stack = std::size_t{1} << 20U; // bytes

// Everything above standard error, but for what the workers were given.
void close_other_descriptors(const WorkerSetting* settings, std::size_t count) {
    std::vector<int> kept;
    for (std::size_t i = 0; i < count; ++i) {
        kept.insert(kept.end(), settings[i].files.begin(), settings[i].files.end());
        if (settings[i].disk.fd >= 0) kept.push_back(settings[i].disk.fd);
    }
    std::sort(kept.begin(), kept.end());
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
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

void prepare_process(const WorkerSetting* settings, std::size_t count) {
    reset_signals();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    close_other_descriptors(settings, count);
    // The executor is exempt from the OOM killer; its workers are what it should take first. Outside of a guest this
    // may be refused, and does not matter.
    (void)write_kernel_file("/proc/self/oom_score_adj", "500");
}

void wait_for_start(const WorkerStart& start, const WorkerSlot& slot) {
    while (slot.stop.load() == 0) {
        const std::uint32_t now = start.started_batch.load(std::memory_order_acquire);
        if (now >= start.batch) return;
        futex_wait(start.started_batch, now);
    }
}

void do_work(const WorkerStart& start, const WorkerSetting& setting) {
    WorkerSlot& slot = setting.members[setting.member];
    wait_for_start(start, slot);
    slot.began_ticks = ticks_now();
    slot.setup_cpu_ns = thread_cpu_ns();
    Worker worker(setting);
    start.entry.loop(worker);
}

[[noreturn]] void become_worker(const WorkerStart& start, const WorkerSetting& setting) {
    prepare_process(&setting, 1);
    place_process(setting.work, setting.work.comm, setting.members[setting.member]);
    place_task(setting.work, setting.members[setting.member]);
    do_work(start, setting);
    ::_exit(0);
}

struct ThreadStart {
    const WorkerStart& start;
    const WorkerSetting& setting;
};

void* become_thread(void* argument) {
    const auto& [start, setting] = *static_cast<const ThreadStart*>(argument);
    WorkerSlot& slot = setting.members[setting.member];
    slot.thread = 1;
    place_task(setting.work, slot);
    slot.pid = ::gettid();
    do_work(start, setting);
    end_thread(slot);
}

[[noreturn]] void become_leader(const WorkerStart& start, const std::vector<WorkerSetting>& settings) {
    prepare_process(settings.data(), settings.size());
    const plan::Work& work = settings.front().work;
    WorkerSlot& first = settings.front().members[settings.front().member];
    place_process(work, work.pcomm.empty() ? work.comm : work.pcomm, first);
    std::vector<ThreadStart> starts;
    starts.reserve(settings.size());
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, thread_stack);
    for (const auto& setting : settings) {
        starts.push_back({start, setting});
        pthread_t thread{};
        if (const int error = ::pthread_create(&thread, &attributes, become_thread, &starts.back()); error != 0)
            fail_worker(setting.members[setting.member], "create a thread", error, "memory, and a higher pids_max");
    }
    for (const auto& setting : settings) {
        WorkerSlot& slot = setting.members[setting.member];
        while (slot.ended.load() == 0) futex_wait(slot.ended, 0);
    }
    ::_exit(0);
}

template <typename Become> Result<pid_t> fork_into(int cgroup_fd, const plan::Work& work, const Become& become) {
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
    if (pid == 0) become();
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return errno_error("fork a worker of", "'" + work.name + "'", clone_errno);
    ::setpgid(pid, pid); // done from here, so that it holds before anything else is done to the worker
    return pid;
}

} // namespace

Result<pid_t> fork_worker(const WorkerStart& start, const WorkerSetting& setting, int cgroup_fd) {
    return fork_into(cgroup_fd, setting.work, [&] { become_worker(start, setting); });
}

Result<pid_t> fork_threads(const WorkerStart& start, const std::vector<WorkerSetting>& settings, int cgroup_fd) {
    return fork_into(cgroup_fd, settings.front().work, [&] { become_leader(start, settings); });
}

} // namespace ktstr::guest
