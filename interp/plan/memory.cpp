// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/memory.h"

#include <algorithm>

namespace ktstr::plan {

namespace {

constexpr std::uint64_t mib = 1ULL << 20;

} // namespace

std::uint64_t default_memory(const Topology& topology) {
    const auto more_cpus = static_cast<std::uint64_t>(std::max(0, topology.cpus() - 8));
    const std::uint64_t wanted = 512 * mib + more_cpus * 32 * mib;
    std::uint64_t named = 0;
    std::uint64_t unnamed = 0;
    for (const auto& node : topology.node_list) {
        named += node.memory_bytes;
        unnamed += node.memory_bytes == 0 ? 1 : 0;
    }
    if (named > 0) { // the others share what is left, at least 128 MiB each
        const std::uint64_t part = unnamed > 0 && wanted > named ? (wanted - named) / unnamed / mib * mib : 0;
        return named + unnamed * std::max(part, 128 * mib);
    }
    const std::uint64_t per_nodes = static_cast<std::uint64_t>(topology.nodes) * 128 * mib; // equal, round parts
    return (wanted + per_nodes - 1) / per_nodes * per_nodes;
}

} // namespace ktstr::plan
