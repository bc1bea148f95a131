// SPDX-License-Identifier: GPL-2.0-only
// The concrete syntax tree as the grammar leaves it: nodes in pre-order in one array.
#pragma once

#include <cstdint>
#include <vector>

namespace ktstr::syntax {

enum class Kind : std::uint8_t {
    file,
    block,     // { ... }: statements as children
    otherwise, // else: a block or an `if` as child
    unread,    // what did not parse
    // Declarations
    use,
    private_declaration, // one declaration as child
    let,                 // of a file, or local
    param,
    assertion,
    work_declaration,
    topology_declaration, // with a value
    topology_block,       // with nodes
    scheduler_declaration,
    payload_declaration,
    template_declaration,
    parameter, // of a template
    expectations_declaration,
    scenario_declaration,
    gauntlet,
    // Steering
    for_each,
    condition,
    // Settings
    binary,
    args,
    config,
    cgroup_parent,
    enable,
    disable,
    flag,
    requirement,
    topology,
    kernel_args,
    sysctl,
    output,
    metric,
    unit,
    better,
    files,
    node,
    llcs,
    cores,
    threads,
    distances,
    memory,
    duration,
    capture,
    lua_check,
    scenarios,
    topologies,
    flags,
    kernels,
    seeds,
    work_types,
    budget,
    cpuset,
    mems,
    cpu_weight,
    cpu_max,
    memory_max,
    memory_high,
    memory_low,
    memory_swap_max,
    io_weight,
    pids_max,
    // Parts of a scenario
    scheduler_use,
    backdrop,
    step,
    hold,
    repeat,
    cgroup,
    workers,
    workload,
    // Attributes of workers
    nice,
    policy,
    affinity,
    memory_policy,
    comm,
    pcomm,
    uid,
    gid,
    as_threads,
    swappable,
    label,
    // Ops
    add_cgroup,
    remove_cgroup,
    set_cpuset,
    clear_cpuset,
    swap_cpusets,
    spawn,
    stop_cgroup,
    set_affinity,
    move_all_tasks,
    run_payload,
    wait_payload,
    kill_payload,
    freeze_cgroup,
    unfreeze_cgroup,
    snapshot,
    watch,
    read_kernel,
    write_kernel,
    attach_scheduler,
    detach_scheduler,
    restart_scheduler,
    replace_scheduler,
    pin_map,
    write_bpf,
    capture_procs,
    ctprof,
    // Expectations
    expect,
    progress,
    isolation,
    error,
    repro,
    allow_inconclusive,
    include,
    formula,
    exit_code,
    exists,
    metrics,
    values,
    // Clauses
    in_cgroup, // (hot), or: in hot
    in_host,
    if_present,
    off,
    contains,
    matches,
    all_scenarios,
    powerset,
    instance, // = template(...)
    always_word,
    cold,
    every,
    at_most,
    alias,
    sustained,
    comparison_sign,
    // Names
    name,
    qualified_name,
    path,
    text, // a string in the place of a name
    // Expressions
    number,
    cpu_list,
    string,
    lua_text,
    value, // a name
    list,
    record,
    field, // of a record
    call,
    argument,
    member,
    index,
    negation,
    sum,
    product,
    operation, // between the operands of sums and products
    range,
    tolerance,
    comparison,
    within,
    nondecreasing,
    increasing,
    steady,
    converges,
    logical_not,
    logical_and,
    logical_or,
    logical_implies,
    always,
    eventually,
    until,
    window,
};

constexpr bool is_name(Kind kind) { return kind >= Kind::name && kind <= Kind::text; }
constexpr bool is_expression(Kind kind) { return kind >= Kind::number; }
constexpr bool is_op(Kind kind) { return kind >= Kind::add_cgroup && kind <= Kind::ctprof; }

struct Node {
    Kind kind;
    std::uint32_t begin; // bytes of the source, without surrounding blanks
    std::uint32_t end;
    std::uint32_t next; // index of the node after this subtree
};

using Tree = std::vector<Node>;

} // namespace ktstr::syntax
