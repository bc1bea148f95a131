// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "guest/kernel_file.h"
#include "guest/work/affinity_walk.h"
#include "guest/work/buffer.h"
#include "guest/work/loops.h"
#include "interp/plan/topology.h"

namespace ktstr::guest::work {

namespace {

constexpr const char* node_directory = "/sys/devices/system/node/";
constexpr std::size_t lines_between_looks = 1024;

using NodeMask = std::array<unsigned long, plan::max_nodes / 64>;
constexpr unsigned long node_bits = plan::max_nodes + 1; // the kernel takes one off

struct Node {
    int number = 0;
    std::vector<int> cpus; // of those that the worker may use
};

plan::CpuSet read_set(const std::string& file) {
    const auto content = read_kernel_file(node_directory + file);
    if (!content) return {}; // a kernel without CONFIG_NUMA
    const auto set = plan::CpuSet::parse(*content);
    return set ? *set : plan::CpuSet{};
}

// The nodes whose memory the worker may use.
std::vector<Node> usable_nodes(const Worker& worker) {
    constexpr unsigned long allowed = 1UL << 2U; // MPOL_F_MEMS_ALLOWED
    NodeMask mask{};
    if (::syscall(SYS_get_mempolicy, nullptr, mask.data(), node_bits, nullptr, allowed) != 0)
        worker.fail("get_mempolicy()", errno, "CONFIG_NUMA=y");
    const plan::CpuSet has_memory = read_set("has_memory");
    const std::vector<int> own = affinity_of(worker, 0);
    std::vector<Node> nodes;
    for (const int number : has_memory.members()) {
        const auto bit = static_cast<unsigned>(number);
        if (bit / 64 >= mask.size() || (mask.at(bit / 64) >> (bit % 64) & 1U) == 0) continue;
        Node node{number, {}};
        const plan::CpuSet cpus = read_set("node" + std::to_string(number) + "/cpulist");
        for (const int cpu : cpus.members())
            if (std::binary_search(own.begin(), own.end(), cpu)) node.cpus.push_back(cpu);
        nodes.push_back(std::move(node));
    }
    return nodes;
}

void require_two(const Worker& worker, const std::vector<Node>& nodes, const std::string& what) {
    if (nodes.size() >= 2) return;
    worker.refuse("needs two NUMA nodes with " + what + " that its cgroup may use, and there is " +
                  (nodes.empty() ? "none" : "only node " + std::to_string(nodes.front().number)) +
                  "; use a topology with 2 nodes, such as 2n2l2c1t, and a cpuset on both");
}

// Memory of `node` and no other; what is there already moves. False if the worker may not use the node any more.
bool bind_memory(const Worker& worker, char* memory, std::size_t size, int node) {
    NodeMask mask{};
    const auto bit = static_cast<unsigned>(node);
    mask.at(bit / 64) = 1UL << (bit % 64);
    if (::syscall(SYS_mbind, memory, size, MPOL_BIND, mask.data(), node_bits, MPOL_MF_MOVE) == 0) return true;
    if (errno != EINVAL)
        worker.fail("mbind() to node " + std::to_string(node), errno, "CONFIG_NUMA=y, CONFIG_MIGRATION=y");
    return false;
}

// Where the kernel has the first page now.
int node_of(const Worker& worker, char* memory) {
    int node = -1;
    if (::syscall(SYS_get_mempolicy, &node, nullptr, 0, memory, MPOL_F_NODE | MPOL_F_ADDR) != 0)
        worker.fail("get_mempolicy() of a page", errno, "CONFIG_NUMA=y");
    return node;
}

// Works in the memory until the deadline, all of it at least once.
void sweep_until(Worker& worker, char* memory, std::size_t size, std::uint64_t deadline_ns) {
    LineWalk walk(memory, size);
    std::size_t left = size / cache_line;
    while (worker.running() && (left > 0 || monotonic_ns() < deadline_ns)) {
        walk.touch(lines_between_looks);
        left -= std::min(left, lines_between_looks);
        worker.observe();
    }
}

// All nodes with CPUs that the cgroup gives the worker, whatever it has pinned itself to before.
std::vector<Node> nodes_to_move_between(const Worker& worker) {
    if (!unpin(worker, 0)) worker.fail("widen its affinity", EINVAL);
    std::vector<Node> nodes = usable_nodes(worker);
    std::erase_if(nodes, [](const Node& node) { return node.cpus.empty(); });
    require_two(worker, nodes, "CPUs and memory");
    return nodes;
}

} // namespace

void numa_migration_churn(Worker& worker) {
    const std::size_t size = worker.parameter("size");
    const std::uint64_t interval = worker.parameter("interval");
    std::vector<Node> nodes = nodes_to_move_between(worker);
    char* memory = map_buffer(worker, size);
    for (std::size_t turn = 0; worker.running(); ++turn) {
        const Node node = nodes[turn % nodes.size()];
        if (!pin(worker, 0, node.cpus) || !bind_memory(worker, memory, size, node.number)) {
            nodes = nodes_to_move_between(worker); // its cpuset was changed
            continue;
        }
        sweep_until(worker, memory, size, monotonic_ns() + interval);
        if (worker.running() && node_of(worker, memory) == node.number) worker.pass();
    }
}

void numa_working_set_sweep(Worker& worker) {
    const std::size_t size = worker.parameter("size");
    const std::uint64_t interval = worker.parameter("interval");
    const std::vector<Node> nodes = usable_nodes(worker);
    require_two(worker, nodes, "memory");
    std::vector<char*> memories;
    for (const Node& node : nodes) {
        memories.push_back(map_buffer(worker, size));
        if (!bind_memory(worker, memories.back(), size, node.number))
            worker.fail("mbind() to node " + std::to_string(node.number), EINVAL);
    }
    for (std::size_t turn = 0; worker.running(); ++turn) {
        char* memory = memories[turn % nodes.size()];
        sweep_until(worker, memory, size, monotonic_ns() + interval);
        if (worker.running() && node_of(worker, memory) == nodes[turn % nodes.size()].number) worker.pass();
    }
}

} // namespace ktstr::guest::work
