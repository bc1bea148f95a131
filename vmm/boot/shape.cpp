// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/shape.h"

#include <algorithm>
#include <numeric>

namespace ktstr::vmm {

namespace {

constexpr std::uint64_t mib = 1ULL << 20U;
constexpr int default_distance = 20; // to another node, as QEMU and the kernel have it

// LLCs per socket: as many as divide those of every node.
int dies_per_socket(const plan::Topology& topology) {
    int dies = 0;
    for (int node = 0; node < topology.nodes; ++node) dies = std::gcd(dies, topology.llcs_of_node(node));
    return dies;
}

void add_distances(const plan::Topology& topology, std::vector<std::string>& arguments) {
    const auto& nodes = topology.node_list;
    const bool any = std::any_of(nodes.begin(), nodes.end(), [](const auto& node) { return !node.distances.empty(); });
    if (!any) return;
    for (std::size_t from = 0; from < nodes.size(); ++from)
        for (std::size_t to = 0; to < nodes.size(); ++to) {
            if (from == to) continue;
            const int distance = nodes[from].distances.empty() ? default_distance : nodes[from].distances[to];
            arguments.insert(arguments.end(), {"-numa", "dist,src=" + std::to_string(from) + ",dst=" +
                                                            std::to_string(to) + ",val=" + std::to_string(distance)});
        }
}

} // namespace

std::vector<std::uint64_t> node_memory(const plan::Topology& topology, std::uint64_t bytes) {
    std::vector<std::uint64_t> sizes(static_cast<std::size_t>(topology.nodes), 0);
    for (std::size_t node = 0; node < topology.node_list.size(); ++node)
        sizes[node] = topology.node_list[node].memory_bytes;
    const auto sharing = static_cast<std::uint64_t>(std::count(sizes.begin(), sizes.end(), 0U));
    if (sharing == 0) return sizes;
    const std::uint64_t taken = std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0});
    const std::uint64_t rest = bytes - std::min(bytes, taken);
    const std::uint64_t each = rest / mib / sharing * mib;
    std::uint64_t odd = rest - each * sharing; // goes to the first that shares
    for (auto& size : sizes)
        if (size == 0) size = each + std::exchange(odd, 0);
    return sizes;
}

std::vector<std::string> shape_arguments(const plan::Topology& topology, const std::vector<MemoryFile>& memory) {
    const int dies = dies_per_socket(topology);
    std::uint64_t bytes = 0;
    for (const auto& file : memory) bytes += file.bytes;
    std::vector<std::string> arguments = {
        "-cpu",
        cpu_model,
        "-smp",
        std::to_string(topology.cpus()) + ",sockets=" + std::to_string(topology.llcs / dies) +
            ",dies=" + std::to_string(dies) + ",cores=" + std::to_string(topology.cores) +
            ",threads=" + std::to_string(topology.threads),
        "-m",
        std::to_string(bytes / mib) + "M"};
    for (std::size_t node = 0; node < memory.size(); ++node) {
        const std::string id = "node" + std::to_string(node);
        arguments.insert(arguments.end(), {"-object", "memory-backend-file,id=" + id +
                                                          ",share=on,size=" + std::to_string(memory[node].bytes) +
                                                          ",mem-path=" + memory[node].path});
        const plan::CpuSet cpus = topology.cpus_of_node(static_cast<int>(node));
        arguments.insert(arguments.end(), {"-numa", "node,nodeid=" + std::to_string(node) + ",memdev=" + id +
                                                        (cpus.empty() ? "" : ",cpus=" + cpus.list())});
    }
    add_distances(topology, arguments);
    return arguments;
}

} // namespace ktstr::vmm
