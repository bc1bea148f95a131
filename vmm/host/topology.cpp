// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/host/topology.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "base/file.h"

namespace ktstr::vmm {

namespace fs = std::filesystem;
using plan::CpuSet;

namespace {

constexpr std::uint64_t sysfs_limit = 1U << 20U;

std::optional<std::string> read_line(const fs::path& path) {
    auto content = read_file(path, sysfs_limit);
    if (!content) return std::nullopt;
    return content->substr(0, content->find('\n'));
}

std::optional<int> read_number(const fs::path& path) {
    const auto line = read_line(path);
    int value = 0;
    if (!line || std::from_chars(line->data(), line->data() + line->size(), value).ec != std::errc())
        return std::nullopt;
    return value;
}

// A list of CPUs, "0-3,7"; none if the file is not there or says something else.
std::optional<CpuSet> read_set(const fs::path& path) {
    const auto line = read_line(path);
    if (!line) return std::nullopt;
    auto set = CpuSet::parse(*line);
    return set ? std::optional(std::move(*set)) : std::nullopt;
}

CpuSet common(const CpuSet& a, const CpuSet& b) {
    std::vector<int> members;
    for (const int cpu : a.members())
        if (b.contains(cpu)) members.push_back(cpu);
    return CpuSet(std::move(members));
}

CpuSet without(const CpuSet& a, const CpuSet& b) {
    std::vector<int> members;
    for (const int cpu : a.members())
        if (!b.contains(cpu)) members.push_back(cpu);
    return CpuSet(std::move(members));
}

// "MemTotal:       16309256 kB", of the machine or, behind "Node 0 ", of a node.
std::uint64_t memory_total(const fs::path& meminfo) {
    const auto content = read_file(meminfo, sysfs_limit);
    if (!content) return 0;
    const auto at = content->find("MemTotal:");
    if (at == std::string::npos) return 0;
    std::istringstream rest(content->substr(at + 9));
    std::uint64_t kib = 0;
    rest >> kib;
    return kib * 1024;
}

// "32768K" as sysfs writes the size of a cache (cache_size_show, drivers/base/cacheinfo.c).
std::uint64_t cache_bytes(const fs::path& size) {
    return static_cast<std::uint64_t>(std::max(0, read_number(size).value_or(0))) * 1024;
}

class Reader {
  public:
    explicit Reader(const fs::path& root)
        : cpus_(root / "sys/devices/system/cpu"), nodes_(root / "sys/devices/system/node"),
          meminfo_(root / "proc/meminfo") {}

    Result<HostTopology> read() {
        auto online = read_set(cpus_ / "online");
        if (!online || online->empty())
            return Error{"cannot read which CPUs are online in " + (cpus_ / "online").string(), "is /sys mounted?"};
        host_.online = std::move(*online);
        host_.offline = without(read_set(cpus_ / "present").value_or(host_.online), host_.online);
        read_packages();
        read_cores();
        read_nodes();
        for (const auto& node : host_.nodes) read_llcs(node);
        return std::move(host_);
    }

  private:
    [[nodiscard]] fs::path cpu(int number) const { return cpus_ / ("cpu" + std::to_string(number)); }

    void read_packages() {
        for (const int number : host_.online.members())
            packages_[std::max(0, read_number(cpu(number) / "topology/physical_package_id").value_or(0))].push_back(
                number);
        host_.packages = static_cast<int>(packages_.size());
    }

    void read_cores() {
        std::set<int> seen;
        for (const int number : host_.online.members()) {
            if (seen.contains(number)) continue;
            auto threads = read_set(cpu(number) / "topology/core_cpus_list");
            if (!threads) threads = read_set(cpu(number) / "topology/thread_siblings_list"); // Linux before 5.3
            CpuSet core = common(threads.value_or(CpuSet({number})), host_.online);
            if (!core.contains(number)) core = CpuSet({number});
            seen.insert(core.members().begin(), core.members().end());
            host_.cores.push_back(std::move(core));
        }
    }

    void read_nodes() {
        const auto numbers = read_set(nodes_ / "online");
        if (!numbers || numbers->empty()) {
            host_.nodes.push_back({0, host_.online, memory_total(meminfo_), {10}});
            return;
        }
        for (const int number : numbers->members()) {
            const fs::path folder = nodes_ / ("node" + std::to_string(number));
            HostTopology::Node node{number, {}, memory_total(folder / "meminfo"), {}};
            node.cpus = common(read_set(folder / "cpulist").value_or(CpuSet{}), host_.online);
            std::istringstream distances(read_line(folder / "distance").value_or(""));
            for (int distance = 0; distances >> distance;) node.distances.push_back(distance);
            host_.nodes.push_back(std::move(node));
        }
    }

    // The cache that the most CPUs share: of the highest level, from the second on.
    [[nodiscard]] HostTopology::Llc llc_of(int number) const {
        HostTopology::Llc llc;
        std::error_code code;
        for (const auto& entry : fs::directory_iterator(cpu(number) / "cache", code)) {
            const int level = read_number(entry.path() / "level").value_or(0);
            const auto shared = read_set(entry.path() / "shared_cpu_list");
            if (level < 2 || level <= llc.level || !shared || !shared->contains(number)) continue;
            if (read_line(entry.path() / "type") == "Instruction") continue;
            llc = {level, cache_bytes(entry.path() / "size"), 0, *shared};
        }
        if (llc.level > 0) return llc;
        for (const auto& [package, members] : packages_)
            if (std::find(members.begin(), members.end(), number) != members.end()) llc.cpus = CpuSet(members);
        return llc;
    }

    void read_llcs(const HostTopology::Node& node) {
        std::set<int> seen;
        for (const int number : node.cpus.members()) {
            if (seen.contains(number)) continue;
            auto llc = llc_of(number);
            llc.node = node.number;
            llc.cpus = common(llc.cpus, node.cpus);
            seen.insert(llc.cpus.members().begin(), llc.cpus.members().end());
            host_.llcs.push_back(std::move(llc));
        }
    }

    fs::path cpus_;
    fs::path nodes_;
    fs::path meminfo_;
    HostTopology host_;
    std::map<int, std::vector<int>> packages_;
};

// The cores of an LLC with at least so many threads.
std::vector<CpuSet> cores_with(const HostTopology& host, const CpuSet& llc, int threads) {
    std::vector<CpuSet> cores;
    for (const auto& core : host.cores)
        if (core.size() >= threads && llc.contains(core.members().front())) cores.push_back(core);
    return cores;
}

// How many cores with so many threads every LLC has.
int cores_per_llc(const HostTopology& host, int threads) {
    std::size_t fewest = host.cores.size();
    for (const auto& llc : host.llcs) fewest = std::min(fewest, cores_with(host, llc.cpus, threads).size());
    return static_cast<int>(fewest);
}

} // namespace

Result<HostTopology> read_host_topology(const fs::path& root) { return Reader(root).read(); }

Result<HostShape> shape_of(const HostTopology& host) {
    HostShape shape;
    shape.topology.nodes = static_cast<int>(host.nodes.size());
    shape.topology.llcs = static_cast<int>(host.llcs.size());
    shape.topology.cores = 0;
    int most_threads = 1;
    for (const auto& core : host.cores) most_threads = std::max(most_threads, core.size());
    for (int threads = most_threads; threads > 0; --threads) {
        const int cores = cores_per_llc(host, threads);
        if (cores * threads <= shape.topology.cpus_per_llc()) continue;
        shape.topology.cores = cores;
        shape.topology.threads = threads;
    }
    bool alike = true;
    for (std::size_t i = 0; i < host.nodes.size(); ++i) {
        const auto& node = host.nodes[i];
        if (node.number != static_cast<int>(i))
            return Error{"the NUMA nodes of this machine are not numbered from 0 without gaps",
                         "a plan's topology cannot describe it"};
        int llcs = 0;
        for (const auto& llc : host.llcs) {
            if (llc.node != node.number) continue;
            ++llcs;
            const auto cores = cores_with(host, llc.cpus, shape.topology.threads);
            for (int core = 0; core < shape.topology.cores; ++core) {
                const auto& threads = cores[static_cast<std::size_t>(core)].members();
                shape.cpus.insert(shape.cpus.end(), threads.begin(), threads.begin() + shape.topology.threads);
            }
        }
        shape.topology.node_list.push_back({llcs, 0, node.distances});
        alike = alike && llcs == shape.topology.node_list.front().llcs;
    }
    if (alike) shape.topology.node_list.clear();
    shape.left_out = without(host.online, CpuSet(shape.cpus));
    if (auto valid = plan::check_topology(shape.topology); !valid) return valid.error();
    return shape;
}

Result<std::vector<int>> place_topology(const HostTopology& host, const plan::Topology& wanted) {
    std::vector<int> cpus;
    for (int number = 0; number < wanted.nodes; ++number) {
        int left = wanted.llcs_of_node(number);
        for (const auto& llc : host.llcs) {
            if (left == 0) break;
            if (llc.node != number) continue;
            const auto cores = cores_with(host, llc.cpus, wanted.threads);
            if (cores.size() < static_cast<std::size_t>(wanted.cores)) continue;
            for (int core = 0; core < wanted.cores; ++core) {
                const auto& threads = cores[static_cast<std::size_t>(core)].members();
                cpus.insert(cpus.end(), threads.begin(), threads.begin() + wanted.threads);
            }
            --left;
        }
        if (left > 0)
            return Error{"NUMA node " + std::to_string(number) + " of this machine has no " +
                             std::to_string(wanted.llcs_of_node(number)) + " LLCs with " +
                             std::to_string(wanted.cores) + " cores of " + std::to_string(wanted.threads) +
                             " threads each, which " + wanted.label() + " needs",
                         "`ktstr topo` shows what it has"};
    }
    return cpus;
}

} // namespace ktstr::vmm
