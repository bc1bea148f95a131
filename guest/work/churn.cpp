// SPDX-License-Identifier: GPL-2.0-only
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "guest/work/loops.h"

namespace ktstr::guest::work {

namespace {

std::vector<int> allowed_cpus(Worker& worker) {
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof(set), &set) != 0) worker.fail("read its own affinity", errno);
    std::vector<int> cpus;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    return cpus;
}

bool pin_to(const std::vector<int>& cpus) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int cpu : cpus) CPU_SET(static_cast<unsigned>(cpu), &set);
    return ::sched_setaffinity(0, sizeof(set), &set) == 0;
}

} // namespace

void fork_exit(Worker& worker) {
    while (worker.running()) {
        const pid_t child = ::fork();
        if (child == 0) ::_exit(0);
        if (child < 0) worker.fail("fork", errno);
        while (::waitpid(child, nullptr, 0) < 0)
            if (errno != EINTR || !worker.running()) return; // a child left behind goes with the process group
        worker.pass();
    }
}

void nice_sweep(Worker& worker) {
    const std::uint64_t interval = worker.parameter("interval");
    while (worker.running())
        for (int nice = 19; nice >= -20 && worker.running(); --nice) {
            if (::setpriority(PRIO_PROCESS, 0, nice) != 0) worker.fail("set its own nice value", errno);
            worker.spin_until(monotonic_ns() + interval);
        }
}

void affinity_churn(Worker& worker) {
    const std::uint64_t interval = worker.parameter("interval");
    std::vector<int> cpus = allowed_cpus(worker);
    while (worker.running()) {
        bool pinned = false;
        for (const int cpu : cpus) {
            if (!worker.running()) return;
            if (!pin_to({cpu})) continue; // its cgroup's cpuset has lost this CPU
            pinned = true;
            worker.spin_until(monotonic_ns() + interval);
        }
        if (pinned) continue;
        // The cpuset has moved away altogether: take what it has now.
        std::vector<int> every;
        for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) every.push_back(cpu);
        if (!pin_to(every)) worker.fail("widen its own affinity", errno);
        cpus = allowed_cpus(worker);
    }
}

void policy_churn(Worker& worker) {
    const std::uint64_t interval = worker.parameter("interval");
    const sched_param parameter{};
    while (worker.running())
        for (const int policy : {SCHED_OTHER, SCHED_BATCH, SCHED_IDLE}) {
            if (!worker.running()) return;
            if (::sched_setscheduler(0, policy, &parameter) != 0) worker.fail("set its own policy", errno);
            worker.spin_until(monotonic_ns() + interval);
        }
}

} // namespace ktstr::guest::work
