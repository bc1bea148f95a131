// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/topology.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace ktstr::plan {

namespace {

constexpr std::size_t max_listed = 100'000; // members of a list, with those that it names twice

// Reads a decimal number at the front of `text` and takes it off. None if there is none or it is over a million.
std::optional<int> take_number(std::string_view& text) {
    int value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end == text.data() || value < 0 || value > 1000000) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

} // namespace

int Topology::llcs_of_node(int node) const {
    return node_list.empty() ? llcs / nodes : node_list.at(static_cast<std::size_t>(node)).llcs;
}

CpuSet Topology::cpus_of_node(int node) const {
    int first_llc = 0;
    for (int before = 0; before < node; ++before) first_llc += llcs_of_node(before);
    return CpuSet::range(first_llc * cpus_per_llc(), (first_llc + llcs_of_node(node)) * cpus_per_llc() - 1);
}

int Topology::node_of_cpu(int cpu) const {
    int llc = llc_of_cpu(cpu);
    int node = 0;
    while (node < nodes - 1 && llc >= llcs_of_node(node)) llc -= llcs_of_node(node++);
    return node;
}

std::string Topology::label() const {
    std::string text = std::to_string(nodes) + "n" + std::to_string(llcs) + "l" + std::to_string(cores) + "c" +
                       std::to_string(threads) + "t";
    for (std::size_t i = 0; i < node_list.size(); ++i) text += (i == 0 ? ":" : ",") + std::to_string(node_list[i].llcs);
    return text;
}

Result<Topology> parse_topology(std::string_view text) {
    const std::string shown(text);
    std::array<int, 4> numbers{};
    constexpr std::string_view letters = "nlct";
    for (std::size_t i = 0; i < letters.size(); ++i) {
        const auto number = take_number(text);
        if (!number || text.empty() || text.front() != letters[i])
            return Error{"'" + shown + "' is not a topology",
                         "write nodes, LLCs in all, cores per LLC and threads per core, as in 1n2l4c1t"};
        numbers.at(i) = *number;
        text.remove_prefix(1);
    }
    if (!text.empty()) return Error{"'" + shown + "' is not a topology", "write it as in 1n2l4c1t"};
    Topology topology{numbers[0], numbers[1], numbers[2], numbers[3], {}};
    if (auto valid = check_topology(topology); !valid) return valid.error();
    return topology;
}

namespace {

// Every node has its entry, and the entries agree with the whole.
Result<void> check_node_list(const Topology& topology) {
    const std::string shown = "topology '" + topology.label() + "'";
    if (static_cast<int>(topology.node_list.size()) != topology.nodes)
        return Error{shown + " has " + std::to_string(topology.node_list.size()) + " entries for its nodes",
                     "write one for each node, or none"};
    int llcs = 0;
    for (const auto& node : topology.node_list) llcs += node.llcs;
    if (llcs != topology.llcs)
        return Error{shown + ": the LLCs of its nodes are " + std::to_string(llcs) + " in all", "make the sums agree"};
    for (std::size_t i = 0; i < topology.node_list.size(); ++i) {
        const auto& distances = topology.node_list[i].distances;
        if (distances.empty()) continue;
        const std::string whose = shown + ", distances of node " + std::to_string(i);
        if (distances.size() != topology.node_list.size())
            return Error{whose + ": " + std::to_string(distances.size()) + " of them", "write one to each node"};
        // ACPI's SLIT: 10 is local, 255 unreachable.
        for (std::size_t other = 0; other < distances.size(); ++other)
            if (other == i ? distances[other] != 10 : distances[other] <= 10 || distances[other] > 254)
                return Error{whose + ": " + std::to_string(distances[other]) + " to node " + std::to_string(other),
                             "10 to itself, 11 to 254 to the others"};
    }
    return {};
}

} // namespace

Result<void> check_topology(const Topology& topology) {
    const std::string shown = "topology '" + topology.label() + "'";
    if (topology.nodes < 1 || topology.llcs < 1 || topology.cores < 1 || topology.threads < 1)
        return Error{shown + " has a zero", "each part is at least 1"};
    if (topology.nodes > max_nodes)
        return Error{shown + " has " + std::to_string(topology.nodes) + " nodes",
                     "at most " + std::to_string(max_nodes) + " are possible"};
    const auto cpus = static_cast<std::int64_t>(topology.llcs) * topology.cores * topology.threads;
    if (topology.node_list.empty() && topology.llcs % topology.nodes != 0)
        return Error{shown + ": " + std::to_string(topology.llcs) + " LLCs cannot be spread evenly over " +
                         std::to_string(topology.nodes) + " nodes",
                     "make the number of LLCs a multiple of the number of nodes"};
    // Each factor alone is small enough that the product does not overflow: parse_topology() takes numbers to a
    // million.
    if (cpus > max_cpus || topology.llcs > max_cpus || topology.cores > max_cpus)
        return Error{shown + " has " + std::to_string(cpus) + " CPUs",
                     "at most " + std::to_string(max_cpus) + " are possible"};
    return topology.node_list.empty() ? Result<void>{} : check_node_list(topology);
}

CpuSet::CpuSet(std::vector<int> members) : members_(std::move(members)) {
    std::sort(members_.begin(), members_.end());
    members_.erase(std::unique(members_.begin(), members_.end()), members_.end());
}

CpuSet CpuSet::range(int first, int last) {
    std::vector<int> members;
    for (int i = first; i <= last; ++i) members.push_back(i);
    return CpuSet(std::move(members));
}

Result<CpuSet> CpuSet::parse(std::string_view list) {
    const Error bad{"'" + std::string(list) + "' is not a list of CPUs", "write it as in 0-3,7"};
    std::vector<int> members;
    while (!list.empty()) {
        const auto first = take_number(list);
        if (!first) return bad;
        auto last = first;
        if (!list.empty() && list.front() == '-') {
            list.remove_prefix(1);
            last = take_number(list);
        }
        if (!last || *last < *first || *last - *first > 65536) return bad;
        for (int i = *first; i <= *last; ++i) members.push_back(i);
        if (members.size() > max_listed) return bad;
        if (list.empty()) break;
        if (list.front() != ',') return bad;
        list.remove_prefix(1);
        if (list.empty()) return bad;
    }
    return CpuSet(std::move(members));
}

bool CpuSet::contains(int cpu) const { return std::binary_search(members_.begin(), members_.end(), cpu); }

std::string CpuSet::list() const {
    std::string text;
    for (std::size_t i = 0; i < members_.size();) {
        std::size_t end = i;
        while (end + 1 < members_.size() && members_[end + 1] == members_[end] + 1) ++end;
        if (!text.empty()) text += ',';
        text += std::to_string(members_[i]);
        if (end > i) text += "-" + std::to_string(members_[end]);
        i = end + 1;
    }
    return text;
}

CpuSet nodes_of(const Topology& topology, const CpuSet& cpus) {
    std::vector<int> nodes;
    for (const int cpu : cpus.members()) nodes.push_back(topology.node_of_cpu(cpu));
    return CpuSet(std::move(nodes));
}

} // namespace ktstr::plan
