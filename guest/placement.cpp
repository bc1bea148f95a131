// SPDX-License-Identifier: GPL-2.0-only
#include "guest/placement.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

namespace ktstr::guest {

namespace {

constexpr int policy_deadline = 6; // SCHED_DEADLINE and SCHED_EXT, include/uapi/linux/sched.h
constexpr int policy_ext = 7;

int kernel_policy(plan::Policy policy) {
    switch (policy) {
    case plan::Policy::normal: return SCHED_OTHER;
    case plan::Policy::batch: return SCHED_BATCH;
    case plan::Policy::idle: return SCHED_IDLE;
    case plan::Policy::fifo: return SCHED_FIFO;
    case plan::Policy::rr: return SCHED_RR;
    case plan::Policy::deadline: return policy_deadline;
    case plan::Policy::ext: return policy_ext;
    }
    return SCHED_OTHER;
}

// struct sched_attr, include/uapi/linux/sched/types.h, whose header excludes that of the C library.
struct SchedAttributes {
    std::uint32_t size = 48; // SCHED_ATTR_SIZE_VER0
    std::uint32_t policy = policy_deadline;
    std::uint64_t flags = 1; // SCHED_FLAG_RESET_ON_FORK: a deadline worker may not fork otherwise
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime_ns = 0;
    std::uint64_t deadline_ns = 0;
    std::uint64_t period_ns = 0;
};
static_assert(sizeof(SchedAttributes) == 48);

Result<void> apply_deadline(pid_t pid, const plan::Deadline& deadline, const std::string& who) {
    SchedAttributes wanted;
    wanted.runtime_ns = deadline.runtime_ns;
    wanted.deadline_ns = deadline.deadline_ns;
    wanted.period_ns = deadline.period_ns;
    if (::syscall(SYS_sched_setattr, pid, &wanted, 0) != 0) {
        const int why = errno;
        Error error = errno_error("set policy deadline for", who, why);
        if (why == EPERM)
            error.hint = "a deadline worker must be able to run on every CPU: give it and its cgroup no CPUs";
        if (why == EBUSY) error.hint = "its bandwidth is not there: runtime / period of all of them is too much";
        return error;
    }
    SchedAttributes now;
    if (::syscall(SYS_sched_getattr, pid, &now, sizeof(now), 0) != 0)
        return errno_error("read the policy of", who, errno);
    if (now.policy != wanted.policy || now.runtime_ns != wanted.runtime_ns || now.deadline_ns != wanted.deadline_ns ||
        now.period_ns != wanted.period_ns)
        return Error{"the kernel did not take policy deadline for " + who + " as it is"};
    return {};
}

plan::CpuSet affinity_of(pid_t pid) {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<int> cpus;
    if (::sched_getaffinity(pid, sizeof(set), &set) == 0)
        for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
            if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    return plan::CpuSet(std::move(cpus));
}

// The LLCs that have CPUs in `allowed`, in order; of each the CPUs in `allowed`.
std::vector<plan::CpuSet> reached_llcs(const plan::Topology& topology, const plan::CpuSet& allowed) {
    std::map<int, std::vector<int>> cpus;
    for (const int cpu : allowed.members()) cpus[topology.llc_of_cpu(cpu)].push_back(cpu);
    std::vector<plan::CpuSet> result;
    for (auto& [llc, members] : cpus) result.emplace_back(std::move(members));
    return result;
}

// The first two threads of each core that has both in `allowed`, one after the other.
std::vector<int> sibling_pairs(const plan::Topology& topology, const plan::CpuSet& allowed) {
    std::vector<int> result;
    if (topology.threads < 2) return result;
    for (int first = 0; first < topology.cpus(); first += topology.threads)
        if (allowed.contains(first) && allowed.contains(first + 1)) result.insert(result.end(), {first, first + 1});
    return result;
}

} // namespace

Result<void> apply_policy(pid_t pid, const plan::Work& work) {
    const std::string who = "a worker of '" + work.name + "'";
    if (work.nice != 0) {
        const auto id = static_cast<id_t>(pid);
        if (::setpriority(PRIO_PROCESS, id, work.nice) != 0)
            return errno_error("set nice " + std::to_string(work.nice) + " for", who, errno);
        if (::getpriority(PRIO_PROCESS, id) != work.nice)
            return Error{"the kernel did not take nice " + std::to_string(work.nice) + " for " + who};
    }
    if (work.policy == plan::Policy::normal) return {};
    if (work.policy == plan::Policy::deadline) return apply_deadline(pid, work.deadline.value(), who);
    sched_param parameter{};
    if (work.policy == plan::Policy::fifo || work.policy == plan::Policy::rr) parameter.sched_priority = work.priority;
    const int policy = kernel_policy(work.policy);
    if (::sched_setscheduler(pid, policy, &parameter) != 0) {
        Error error = errno_error("set policy " + std::string(to_string(work.policy)) + " for", who, errno);
        if (policy == policy_ext) error.hint = "the kernel needs CONFIG_SCHED_CLASS_EXT=y";
        return error;
    }
    if (::sched_getscheduler(pid) != policy)
        return Error{"the kernel did not take policy " + std::string(to_string(work.policy)) + " for " + who};
    return {};
}

plan::CpuSet AffinityResolver::in_topology(const plan::CpuSet& cpus) const {
    std::vector<int> members;
    for (int cpu = 0; cpu < topology_.cpus(); ++cpu)
        if (cpus.contains(cpus_.empty() ? cpu : cpus_.at(static_cast<std::size_t>(cpu)))) members.push_back(cpu);
    return plan::CpuSet(std::move(members));
}

plan::CpuSet AffinityResolver::in_machine(const plan::CpuSet& cpus) const {
    if (cpus_.empty()) return cpus;
    std::vector<int> members;
    for (const int cpu : cpus.members()) members.push_back(cpus_.at(static_cast<std::size_t>(cpu)));
    return plan::CpuSet(std::move(members));
}

Result<plan::CpuSet> AffinityResolver::resolve(const plan::Affinity& affinity, const plan::CpuSet& allowed, int index) {
    const plan::CpuSet usable = in_topology(allowed); // all but `exact` and `single` count in the topology's numbers
    const auto turn = [index](const auto& choices) {
        return choices[static_cast<std::size_t>(index) % choices.size()];
    };
    using Kind = plan::Affinity::Kind;
    switch (affinity.kind) {
    case Kind::inherit:
    case Kind::cross_cgroup: return plan::CpuSet{};
    case Kind::exact: return affinity.cpus;
    case Kind::single: return plan::CpuSet({turn(affinity.cpus.members())});
    case Kind::random:
        if (affinity.count > usable.size())
            return Error{"an affinity of " + std::to_string(affinity.count) + " random CPUs cannot be drawn from the " +
                             std::to_string(usable.size()) + " that the cgroup may use",
                         "ask for fewer, or widen its cpuset"};
        return in_machine(draw(usable.members(), affinity.count));
    case Kind::llc_aligned: {
        const auto llcs = reached_llcs(topology_, usable);
        if (llcs.empty()) return Error{"the cgroup has no CPUs to align with an LLC"};
        return in_machine(turn(llcs));
    }
    case Kind::smt_siblings: {
        const auto pairs = sibling_pairs(topology_, usable);
        if (pairs.empty())
            return Error{"no core has two threads among the CPUs '" + in_machine(usable).list() + "' of the cgroup",
                         "use a topology with 2 threads per core, and a cpuset of whole cores"};
        return in_machine(plan::CpuSet({turn(pairs)}));
    }
    }
    return plan::CpuSet{};
}

plan::CpuSet AffinityResolver::draw(std::vector<int> from, int count) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
        std::swap(from[i], from[i + random_() % (from.size() - i)]);
    from.resize(static_cast<std::size_t>(count));
    return plan::CpuSet(std::move(from));
}

Result<void> apply_affinity(pid_t pid, const plan::CpuSet& cpus) {
    const std::string what = cpus.empty() ? "every CPU of its cgroup" : "CPUs " + cpus.list();
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (cpus.empty() || cpus.contains(cpu)) CPU_SET(static_cast<unsigned>(cpu), &set);
    if (::sched_setaffinity(pid, sizeof(set), &set) != 0) {
        const int why = errno;
        Error error = errno_error("set the affinity to " + what + " of", "process " + std::to_string(pid), why);
        if (why == EINVAL) error.hint = "none of these CPUs is in the cgroup's cpuset and online";
        return error;
    }
    const plan::CpuSet now = affinity_of(pid);
    for (const int cpu : now.members())
        if (!cpus.empty() && !cpus.contains(cpu))
            return Error{"the kernel gave process " + std::to_string(pid) + " the CPUs " + now.list() + " instead of " +
                         cpus.list()};
    return {};
}

std::string affinity_text(const plan::Affinity& affinity) {
    using Kind = plan::Affinity::Kind;
    switch (affinity.kind) {
    case Kind::inherit: return "all of its CPUs";
    case Kind::exact: return affinity.cpus.list();
    case Kind::single: return "one each of " + affinity.cpus.list();
    case Kind::random: return std::to_string(affinity.count) + " random CPUs each";
    case Kind::llc_aligned: return "one LLC each";
    case Kind::cross_cgroup: return "every CPU that the kernel lets them";
    case Kind::smt_siblings: return "the threads of a core, in pairs";
    }
    return "";
}

} // namespace ktstr::guest
