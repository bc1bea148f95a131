// SPDX-License-Identifier: GPL-2.0-only
// The concrete syntax tree as the grammar leaves it: nodes in pre-order in one array.
#pragma once

#include <cstdint>
#include <vector>

namespace ktstr::syntax {

enum class Kind : std::uint8_t {
    file,
    // Declarations
    use,
    topology_declaration,
    work_declaration,
    let_declaration,
    scheduler_declaration,
    scenario_declaration,
    // Settings: expressions as children
    binary,
    args,
    topology,
    kernel_args,
    memory,
    duration,
    cpuset,
    mems,
    cpu_weight,
    cpu_max,
    memory_max,
    nice,
    policy,
    affinity,
    sysctl,
    // Parts of a scenario
    scheduler_use,
    backdrop,
    step,
    hold,
    cgroup,
    work_in_cgroup,
    // Ops
    remove_cgroup,
    set_cpuset,
    clear_cpuset,
    swap_cpusets,
    spawn,
    stop_cgroup,
    set_affinity,
    move_all_tasks,
    freeze_cgroup,
    unfreeze_cgroup,
    attach_scheduler,
    detach_scheduler,
    restart_scheduler,
    // Expectations
    expect,
    progress,
    spread,
    gap,
    isolation,
    throughput,
    error,
    comparison,
    contains,
    matches,
    off,
    // Leaves and expressions
    name,
    qualified_name,
    path,
    if_present,
    host,
    label,
    alias,
    string,
    number,
    cpu_list,
    list,
    call,
    argument,
    negation,
    sum,
    product,
    operation,
};

struct Node {
    Kind kind;
    std::uint32_t begin; // bytes of the source, without surrounding blanks
    std::uint32_t end;
    std::uint32_t next; // index of the node after this subtree
};

using Tree = std::vector<Node>;

} // namespace ktstr::syntax
