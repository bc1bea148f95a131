// SPDX-License-Identifier: GPL-2.0-only
#include "guest/own_placement.h"

#include <grp.h>
#include <linux/mempolicy.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "base/errno_text.h"
#include "guest/futex.h"

namespace ktstr::guest {

namespace {

constexpr int mode_weighted_interleave = 6;    // MPOL_WEIGHTED_INTERLEAVE, since Linux 6.9
constexpr int flag_numa_balancing = 1U << 13U; // MPOL_F_NUMA_BALANCING, since Linux 5.12
constexpr std::size_t node_words = plan::max_nodes / 64;
constexpr unsigned long node_bits = plan::max_nodes + 1; // the kernel takes one off

using NodeMask = std::array<unsigned long, node_words>;

int kernel_mode(plan::MemoryPolicy::Mode mode) {
    using Mode = plan::MemoryPolicy::Mode;
    switch (mode) {
    case Mode::standard: return MPOL_DEFAULT;
    case Mode::local: return MPOL_LOCAL;
    case Mode::bind: return MPOL_BIND;
    case Mode::preferred: return MPOL_PREFERRED;
    case Mode::interleave: return MPOL_INTERLEAVE;
    case Mode::weighted_interleave: return mode_weighted_interleave;
    }
    return MPOL_DEFAULT;
}

void set_memory_policy(const plan::MemoryPolicy& policy, WorkerSlot& slot) {
    int mode = kernel_mode(policy.mode);
    if (policy.static_nodes) mode |= MPOL_F_STATIC_NODES;
    if (policy.relative_nodes) mode |= MPOL_F_RELATIVE_NODES;
    if (policy.numa_balancing) mode |= flag_numa_balancing;
    NodeMask wanted{};
    for (const int node : policy.nodes.members())
        wanted.at(static_cast<std::size_t>(node) / 64) |= 1UL << (static_cast<unsigned>(node) % 64);
    const bool has_nodes = !policy.nodes.empty();
    if (::syscall(SYS_set_mempolicy, mode, has_nodes ? wanted.data() : nullptr, has_nodes ? node_bits : 0) != 0)
        fail_worker(slot, "set its memory policy", errno);
    int now = 0;
    NodeMask nodes{};
    if (::syscall(SYS_get_mempolicy, &now, nodes.data(), node_bits, nullptr, 0) != 0)
        fail_worker(slot, "read its memory policy back", errno);
    // Relative nodes are counted among those of the cpuset, so others may come out.
    if (now != mode || (has_nodes && !policy.relative_nodes && nodes != wanted))
        fail_worker(slot, "get the memory policy that it asked for", EINVAL);
}

void set_name(const std::string& name, WorkerSlot& slot) {
    // A name that is too long is cut; the plan's own `comm` never is.
    if (::prctl(PR_SET_NAME, name.c_str()) != 0) fail_worker(slot, "set its name", errno);
}

void set_user(const plan::Work& work, WorkerSlot& slot) {
    if ((work.uid || work.gid) && ::setgroups(0, nullptr) != 0) fail_worker(slot, "leave its groups", errno);
    if (work.gid && ::setresgid(*work.gid, *work.gid, *work.gid) != 0) fail_worker(slot, "set its group id", errno);
    if (work.uid && ::setresuid(*work.uid, *work.uid, *work.uid) != 0) fail_worker(slot, "set its user id", errno);
    std::array<uid_t, 3> users{};
    std::array<gid_t, 3> groups{};
    ::getresuid(&users[0], &users[1], &users[2]);
    ::getresgid(&groups[0], &groups[1], &groups[2]);
    for (std::size_t i = 0; i < 3; ++i)
        if ((work.uid && users.at(i) != *work.uid) || (work.gid && groups.at(i) != *work.gid))
            fail_worker(slot, "get the user and group that it asked for", EPERM);
}

} // namespace

void fail_worker(WorkerSlot& slot, std::string_view what, int errno_value, std::string_view needs) {
    std::string text = "cannot " + std::string(what) + ": " + errno_text(errno_value);
    if (!needs.empty()) text += "; it takes " + std::string(needs);
    refuse_work(slot, text);
}

void refuse_work(WorkerSlot& slot, std::string_view why) {
    const std::size_t length = std::min(why.size(), slot.failure.size() - 1);
    std::copy_n(why.begin(), length, slot.failure.begin());
    slot.failure.at(length) = '\0';
    if (slot.thread != 0) end_thread(slot);
    ::_exit(1);
}

void end_thread(WorkerSlot& slot) {
    slot.used_cpu_ns = thread_cpu_ns();
    slot.ended_ns = monotonic_ns();
    slot.ended = 1;
    futex_wake(slot.ended);
    while (true) ::syscall(SYS_exit, 0); // as _exit() does for a process: nothing is unwound
}

void place_task(const plan::Work& work, WorkerSlot& slot) {
    set_name(work.comm.empty() ? work.name : work.comm, slot);
    if (work.memory_policy) set_memory_policy(*work.memory_policy, slot);
}

void place_process(const plan::Work& work, const std::string& name, WorkerSlot& slot) {
    set_name(name.empty() ? work.name : name, slot);
    if (!work.uid && !work.gid) return;
    set_user(work, slot);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL); // a change of user takes it away
}

} // namespace ktstr::guest
