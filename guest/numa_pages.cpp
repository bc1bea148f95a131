// SPDX-License-Identifier: GPL-2.0-only
#include "guest/numa_pages.h"

#include <charconv>
#include <map>
#include <string>

#include "guest/kernel_file.h"
#include "interp/plan/topology.h"

namespace ktstr::guest {

namespace {

template <typename Number> bool read_number(std::string_view text, Number& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc() && end == text.data() + text.size();
}

} // namespace

bool has_numa_nodes() {
    const auto content = read_kernel_file("/sys/devices/system/node/online");
    if (!content) return false; // a kernel without CONFIG_NUMA
    const auto nodes = plan::CpuSet::parse(*content);
    return nodes && nodes->size() > 1;
}

std::vector<plan::NodePages> sum_of_numa_maps(std::string_view text) {
    std::map<int, std::uint64_t> pages;
    while (!text.empty()) {
        const auto end = text.find_first_of(" \n");
        const auto word = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const auto sign = word.find('=');
        int node = 0;
        std::uint64_t count = 0;
        if (!word.starts_with('N') || sign == std::string_view::npos) continue;
        if (read_number(word.substr(1, sign - 1), node) && read_number(word.substr(sign + 1), count))
            pages[node] += count;
    }
    std::vector<plan::NodePages> result;
    for (const auto& [node, count] : pages) result.push_back({node, count});
    return result;
}

std::vector<plan::NodePages> numa_pages_of(pid_t pid) {
    const auto content = read_kernel_file("/proc/" + std::to_string(pid) + "/numa_maps");
    return content ? sum_of_numa_maps(*content) : std::vector<plan::NodePages>{};
}

} // namespace ktstr::guest
