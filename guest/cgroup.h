// SPDX-License-Identifier: GPL-2.0-only
// The scenario's part of the cgroup v2 hierarchy: /sys/fs/cgroup/ktstr, with the plan's cgroups below it. The executor
// itself stays in the root cgroup, which is what the name "" stands for. On the host both are below the run's own
// cgroup, /sys/fs/cgroup/ktstr-<pid>: the scenario's part, and a cgroup for the executor.
//
// A cgroup that hands controllers down must not hold processes itself (Documentation/admin-guide/cgroup-v2.rst, "No
// Internal Process Constraint"). So the workers of a cgroup that has cgroups below it anywhere in the plan live in a
// leaf of it, "<name>/ktstr.workers", and so do those of a cgroup with work that makes cgroups below it; all others
// live in the cgroup itself.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "interp/plan/plan.h"

namespace ktstr::guest {

class CgroupTree {
  public:
    // Makes the scenario's root cgroup and hands down every controller that the kernel has. Needs no plan. `own`: the
    // cgroup below `mount_point` that the executor is in; empty: it is in `mount_point` itself.
    static Result<CgroupTree> create(std::string mount_point, std::string own = {});
    // The names that will have others below them (inner_names()); before the first create_cgroup().
    void set_inner(std::set<std::string> inner) { inner_ = std::move(inner); }
    // The names of `plan` that have others below them, or get them from their workers.
    static std::set<std::string> inner_names(const plan::Plan& plan);

    // On the host: keeps the executor and the scenario on these CPUs of the machine's.
    Result<void> confine(const plan::CpuSet& cpus) const;

    [[nodiscard]] bool has_controller(const std::string& controller) const { return controllers_.contains(controller); }
    [[nodiscard]] bool exists(const std::string& name) const;
    [[nodiscard]] std::string path(const std::string& name) const;
    // Where the processes of the cgroup live.
    [[nodiscard]] std::string process_path(const std::string& name) const;
    // Below which its workers make cgroups of their own; of the executor's own cgroup, the scenario's root.
    [[nodiscard]] std::string base_path(const std::string& name) const;
    // The directory of process_path(), for clone3.
    [[nodiscard]] Result<Fd> open(const std::string& name) const;

    // Creates the cgroup, and the ones above it that are missing. Returns what was created, outermost first. A cgroup
    // that is there already is an error.
    Result<std::vector<std::string>> create_cgroup(const std::string& name) const;
    // Removes it and all below it; their processes must have ended. EBUSY if one is still on its way out.
    Result<void> remove(const std::string& name) const;
    // SIGKILL to every process in it and below.
    Result<void> kill(const std::string& name) const;

    // What is configured; empty = not restricted.
    struct Cpuset {
        plan::CpuSet cpus;
        plan::CpuSet mems;
    };
    [[nodiscard]] Result<Cpuset> cpuset(const std::string& name) const;
    // Sets both and checks that the kernel enforces what was asked for. An empty set stands for all that the cgroup
    // above has now.
    Result<void> set_cpuset(const std::string& name, Cpuset wanted) const;
    // The CPUs that its processes may run on now.
    [[nodiscard]] Result<plan::CpuSet> effective_cpus(const std::string& name) const;
    // The weights and limits of the spec, as far as it has them; each is read back.
    Result<void> set_limits(const plan::CgroupSpec& spec) const;

    Result<void> write_freeze(const std::string& name, bool freeze) const;
    // Whether every process in it has come to rest.
    [[nodiscard]] Result<bool> is_frozen(const std::string& name) const;

    [[nodiscard]] Result<std::vector<pid_t>> processes(const std::string& name) const;
    // With all its threads. A process that has ended meanwhile is no error.
    Result<void> move_process(pid_t pid, const std::string& to) const;
    // How many of its processes the OOM killer has killed.
    [[nodiscard]] std::uint64_t oom_kills(const std::string& name) const;

  private:
    CgroupTree() = default;
    [[nodiscard]] Result<Cpuset> allowed_by_parent(const std::string& name) const;
    Result<void> make(const std::string& directory) const;
    Result<void> set_limit(const std::string& name, const std::string& file, const std::string& value,
                           const std::string& hint) const;
    Result<void> hand_down_controllers(const std::string& directory) const;

    std::string mount_point_;
    std::string own_;
    std::set<std::string> inner_;
    std::set<std::string> controllers_;
};

// The controllers that the plan cannot do without and `tree` does not have, as an error that names the kernel's
// configuration options; none if there is nothing missing.
std::optional<Error> missing_controllers(const plan::Plan& plan, const CgroupTree& tree);

} // namespace ktstr::guest
