// SPDX-License-Identifier: GPL-2.0-only
// The machine that ktstr runs on, as its kernel describes it in sysfs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.h"
#include "interp/plan/topology.h"

namespace ktstr::vmm {

// Offline CPUs are in `offline` and in nothing else.
struct HostTopology {
    struct Llc {
        int level = 0; // of the cache; 0: sysfs shows none, and a package stands for it
        std::uint64_t bytes = 0;
        int node = 0; // an LLC that spans NUMA nodes counts as one in each, as it does for the scheduler
        plan::CpuSet cpus;
    };
    struct Node {
        int number = 0;
        plan::CpuSet cpus; // empty: memory only
        std::uint64_t memory_bytes = 0;
        std::vector<int> distances; // to every node of `nodes`, in their order
    };
    plan::CpuSet online;
    plan::CpuSet offline; // present, but not online
    int packages = 0;
    std::vector<plan::CpuSet> cores; // the threads of each, by first CPU
    std::vector<Llc> llcs;           // by node, then by first CPU
    std::vector<Node> nodes;         // by number
};

// Reads /sys/devices/system/{cpu,node} and /proc/meminfo below `root`. What a kernel, or a container, does not show is
// filled in: no caches beyond the first level: a package is an LLC; no NUMA: one node.
Result<HostTopology> read_host_topology(const std::filesystem::path& root = "/");

// The part of the machine that is a topology of a plan, and which of its CPUs are in it.
struct HostShape {
    plan::Topology topology;
    std::vector<int> cpus; // the machine's number of each of the topology's CPUs
    plan::CpuSet left_out; // online CPUs that are not in it, because the LLCs or the cores are not alike
    // Every CPU is in it and all nodes are alike: it has a spelling, NnNlNcNt.
    [[nodiscard]] bool uniform() const { return left_out.empty() && topology.node_list.empty(); }
};

// The largest one that has all of the machine's LLCs. Errors: node numbers with gaps, more CPUs than a plan can have.
Result<HostShape> shape_of(const HostTopology& host);

// The machine's number of each CPU of `wanted`, of the first LLCs and cores that are as large as those. NUMA nodes keep
// their numbers. The error says what there is too little of.
Result<std::vector<int>> place_topology(const HostTopology& host, const plan::Topology& wanted);

} // namespace ktstr::vmm
