// SPDX-License-Identifier: GPL-2.0-only
// The typed model: a scenario with every name resolved, every type and unit checked and every value computed, but not
// yet laid on a topology: one model can be lowered onto many.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "interp/diagnostics/source.h"
#include "interp/plan/plan.h"
#include "interp/syntax/tree.h"

namespace ktstr::model {

// A set of CPUs, or of NUMA nodes, in words of the topology.
struct CpuSetSpec {
    enum class Kind { all, usable, llc, numa, range, disjoint, overlap, exact };
    Kind kind = Kind::all;
    int index = 0;       // llc, numa, disjoint, overlap; first CPU of range
    int count = 1;       // disjoint, overlap: of how many parts; last CPU of range
    double fraction = 0; // overlap: how much of a part reaches into the next
    plan::CpuSet exact;
};

// How many workers: a count, or a fraction of the CPUs that the cgroup may use.
struct WorkerCount {
    std::optional<int> count;
    double fraction = 0;
    Span span;
};

struct PlacedSet {
    CpuSetSpec set;
    Span span;
};

struct Work {
    plan::Work work; // all but `workers` and `affinity`
    WorkerCount count;
    std::optional<PlacedSet> affinity;
    Span span;
};

struct Cgroup {
    plan::CgroupSpec spec; // all but `cpus`, `mems` and `works`
    std::optional<PlacedSet> cpus;
    std::optional<PlacedSet> mems;
    std::vector<Work> works;
};

struct CgroupName {
    std::string path;
    Span span;
};

// One op. Which fields count follows from the kind, one of the op kinds of syntax::Kind, or `cgroup` for add_cgroup.
struct Op {
    syntax::Kind kind;
    Span span;
    std::vector<CgroupName> cgroups; // in the order written; none for spawn in host
    std::optional<Cgroup> added;     // cgroup
    std::optional<PlacedSet> set;    // set_cpuset; set_affinity (none = inherit)
    std::optional<PlacedSet> mems;   // set_cpuset
    std::optional<Work> work;        // spawn
    bool if_present = false;
};

struct Hold {
    std::optional<std::uint64_t> fixed_ns;
    std::optional<double> fraction; // of the duration; neither: a share of what the others leave
    Span span;
};

struct Step {
    std::string name;
    std::vector<Op> ops;
    Hold hold;
    Span span;
};

struct Scheduler {
    plan::Scheduler scheduler;
    std::optional<plan::Topology> topology;
    std::vector<std::string> kernel_args;
    std::map<std::string, std::string> sysctls;
    std::vector<plan::Expectation> expectations;
    std::vector<plan::Expectation> switched_off; // kind and cgroup only
};

struct Scenario {
    std::string name;
    Span span;
    std::optional<plan::Scheduler> scheduler;
    plan::Topology topology;
    std::optional<std::uint64_t> memory_bytes;
    std::optional<std::uint64_t> duration_ns;
    std::vector<std::string> kernel_args;
    std::map<std::string, std::string> sysctls;
    std::vector<Op> backdrop;
    std::vector<Step> steps;
    std::vector<plan::Expectation> expectations; // merged
};

} // namespace ktstr::model
