// SPDX-License-Identifier: GPL-2.0-only
#include "guest/work/affinity_walk.h"

#include <sched.h>

#include <cerrno>

namespace ktstr::guest {

namespace {

bool set_affinity(const Worker& worker, pid_t pid, const cpu_set_t& set) {
    if (::sched_setaffinity(pid, sizeof(set), &set) == 0) return true;
    if (errno != ESRCH && errno != EINVAL) worker.fail("sched_setaffinity()", errno, "CAP_SYS_NICE");
    return false;
}

} // namespace

std::vector<int> affinity_of(const Worker& worker, pid_t pid) {
    cpu_set_t set;
    std::vector<int> cpus;
    if (::sched_getaffinity(pid, sizeof(set), &set) != 0) {
        if (errno != ESRCH) worker.fail("sched_getaffinity()", errno);
        return cpus;
    }
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    return cpus;
}

bool pin(const Worker& worker, pid_t pid, const std::vector<int>& cpus) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int cpu : cpus) CPU_SET(static_cast<unsigned>(cpu), &set);
    return set_affinity(worker, pid, set);
}

bool unpin(const Worker& worker, pid_t pid) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) CPU_SET(static_cast<unsigned>(cpu), &set);
    return set_affinity(worker, pid, set);
}

AffinityWalk::AffinityWalk(const Worker& worker, pid_t pid) : worker_(worker), pid_(pid) { look(); }

void AffinityWalk::look() { cpus_ = affinity_of(worker_, pid_); }

bool AffinityWalk::pin_next() {
    for (std::size_t tried = 0; tried < cpus_.size(); ++tried) {
        const int cpu = cpus_[next_++ % cpus_.size()];
        if (pin(worker_, pid_, {cpu})) return true; // or its cpuset has lost this CPU
    }
    if (!unpin(worker_, pid_)) return false; // the cpuset has moved away altogether: take what it has now
    look();
    return !cpus_.empty();
}

} // namespace ktstr::guest
