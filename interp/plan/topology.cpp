// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/topology.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace ktstr::plan {

namespace {

// Reads a decimal number at the front of `text` and takes it off. None if there is none or it is over a million.
std::optional<int> take_number(std::string_view& text) {
    int value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end == text.data() || value < 0 || value > 1000000) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

} // namespace

std::string Topology::label() const {
    return std::to_string(nodes) + "n" + std::to_string(llcs) + "l" + std::to_string(cores) + "c" +
           std::to_string(threads) + "t";
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
        if (*number == 0) return Error{"topology '" + shown + "' has a zero", "each part is at least 1"};
        numbers.at(i) = *number;
        text.remove_prefix(1);
    }
    if (!text.empty()) return Error{"'" + shown + "' is not a topology", "write it as in 1n2l4c1t"};
    const Topology topology{numbers[0], numbers[1], numbers[2], numbers[3]};
    if (topology.llcs % topology.nodes != 0)
        return Error{"topology '" + shown + "': " + std::to_string(topology.llcs) +
                         " LLCs cannot be spread evenly over " + std::to_string(topology.nodes) + " nodes",
                     "make the number of LLCs a multiple of the number of nodes"};
    const long cpus = static_cast<long>(topology.llcs) * topology.cores * topology.threads;
    if (cpus > max_cpus)
        return Error{"topology '" + shown + "' has " + std::to_string(cpus) + " CPUs",
                     "at most " + std::to_string(max_cpus) + " are possible"};
    return topology;
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
