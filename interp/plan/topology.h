// SPDX-License-Identifier: GPL-2.0-only
// The machine shape of a scenario, and sets of its CPUs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ktstr::plan {

// A sorted set of CPU (or node) numbers without repeats; in the plan it is the kernel's list format, "0-3,7".
class CpuSet {
  public:
    CpuSet() = default;
    explicit CpuSet(std::vector<int> members);
    static CpuSet range(int first, int last); // both ends included; last < first gives the empty set
    static Result<CpuSet> parse(std::string_view list);

    [[nodiscard]] const std::vector<int>& members() const { return members_; }
    [[nodiscard]] int size() const { return static_cast<int>(members_.size()); }
    [[nodiscard]] bool empty() const { return members_.empty(); }
    [[nodiscard]] bool contains(int cpu) const;
    [[nodiscard]] std::string list() const; // "0-3,7"; "" when empty
    bool operator==(const CpuSet&) const = default;

  private:
    std::vector<int> members_;
};

// A topology. A uniform one is written NnNlNcNt: NUMA nodes, LLCs in all, cores per LLC, threads per core; its LLCs are
// spread evenly over the nodes (llcs is a multiple of nodes). CPU numbers run node by node, LLC by LLC, core by core,
// thread by thread, so SMT siblings are neighbours: with 2 threads per core, CPUs 0 and 1 are one core.
struct Topology {
    int nodes = 1;
    int llcs = 1;
    int cores = 1;   // per LLC
    int threads = 1; // per core
    // Where nodes differ: one entry per node, `llcs` add up to the topology's; empty: all nodes are alike.
    struct Node {
        int llcs = 0;                   // 0: a node with memory only
        std::uint64_t memory_bytes = 0; // 0: an equal share of the rest
        std::vector<int> distances;     // to every node, 10 to itself, up to 254; empty: 10 and 20
        bool operator==(const Node&) const = default;
    };
    std::vector<Node> node_list;

    [[nodiscard]] int cpus() const { return llcs * cores * threads; }
    [[nodiscard]] int cpus_per_llc() const { return cores * threads; }
    [[nodiscard]] int llcs_of_node(int node) const;
    [[nodiscard]] CpuSet cpus_of_node(int node) const; // empty for a node with memory only
    [[nodiscard]] int node_of_cpu(int cpu) const;
    [[nodiscard]] int llc_of_cpu(int cpu) const { return cpu / cpus_per_llc(); }
    [[nodiscard]] std::string label() const; // "1n2l4c1t"; "3n4l2c1t:2,2,0" (LLCs per node) where nodes differ
    bool operator==(const Topology&) const = default;
};

constexpr int max_cpus = 512;  // CONFIG_NR_CPUS of the guest kernel
constexpr int max_nodes = 128; // MAX_NODES of QEMU

// Parses "1n2l4c1t". Errors: not of that shape, a zero, LLCs not a multiple of nodes, more than max_cpus CPUs.
Result<Topology> parse_topology(std::string_view text);

// What every topology keeps, uniform or not: at least one of each, at most max_cpus CPUs, LLCs that add up, distances
// that Linux takes. Returns an error that says which it is not.
Result<void> check_topology(const Topology& topology);

// The NUMA nodes that the CPUs lie on: what cpuset.mems follows unless the source says otherwise.
CpuSet nodes_of(const Topology& topology, const CpuSet& cpus);

} // namespace ktstr::plan
