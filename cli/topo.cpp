// SPDX-License-Identifier: GPL-2.0-only
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/messages.h"
#include "vmm/host/topology.h"

namespace ktstr::cli {

namespace {

using nlohmann::json;

struct TopoOptions {
    std::string root = "/";
    bool as_json = false;
};

std::string size_text(std::uint64_t bytes) {
    static constexpr const char* units[] = {"KiB", "MiB", "GiB", "TiB"};
    double size = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; size >= 1024 && unit < 3; ++unit) size /= 1024;
    char text[32];
    std::snprintf(text, sizeof(text), "%.4g %s", size, units[unit]);
    return text;
}

std::string cpus_text(const plan::CpuSet& cpus) { return cpus.empty() ? "no CPUs" : "CPUs " + cpus.list(); }

std::string count_of(std::size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

json to_json(const vmm::HostTopology& host, const Result<vmm::HostShape>& shape) {
    json cores = json::array();
    for (const auto& core : host.cores) cores.push_back(core.list());
    json llcs = json::array();
    for (const auto& llc : host.llcs)
        llcs.push_back({{"level", llc.level}, {"bytes", llc.bytes}, {"node", llc.node}, {"cpus", llc.cpus.list()}});
    json nodes = json::array();
    for (const auto& node : host.nodes)
        nodes.push_back({{"number", node.number},
                         {"cpus", node.cpus.list()},
                         {"memory_bytes", node.memory_bytes},
                         {"distances", node.distances}});
    json document = {{"online", host.online.list()},
                     {"offline", host.offline.list()},
                     {"packages", host.packages},
                     {"cores", cores},
                     {"llcs", llcs},
                     {"nodes", nodes},
                     {"topology", nullptr},
                     {"uniform", false}};
    if (!shape) return document;
    document["topology"] = shape->topology.label();
    document["uniform"] = shape->uniform();
    document["topology_cpus"] = shape->cpus;
    document["left_out"] = shape->left_out.list();
    return document;
}

void print_core_counts(const vmm::HostTopology& host) {
    std::map<int, std::size_t> by_threads;
    for (const auto& core : host.cores) ++by_threads[core.size()];
    std::string text;
    for (const auto& [threads, cores] : by_threads)
        text += (text.empty() ? "" : ", ") + std::to_string(cores) + " of " +
                count_of(static_cast<std::size_t>(threads), "thread");
    std::cout << "cores     " << text << "\n";
}

void print_shape(const Result<vmm::HostShape>& shape) {
    std::cout << "topology  ";
    if (!shape) {
        std::cout << "none: " << shape.error().text() << "\n";
        return;
    }
    std::cout << shape->topology.label();
    if (!shape->left_out.empty())
        std::cout << ", without " << cpus_text(shape->left_out) << ": LLCs or cores are not alike";
    bool same = true;
    for (std::size_t i = 0; i < shape->cpus.size(); ++i) same = same && shape->cpus[i] == static_cast<int>(i);
    if (!same) {
        std::cout << "\n          its CPUs 0-" << shape->cpus.size() - 1 << " are";
        for (const int cpu : shape->cpus) std::cout << " " << cpu;
    }
    std::cout << "\n";
}

void print(const vmm::HostTopology& host, const Result<vmm::HostShape>& shape) {
    std::cout << "CPUs      " << host.online.size() << " online (" << host.online.list() << ")";
    if (!host.offline.empty()) std::cout << ", " << host.offline.size() << " offline (" << host.offline.list() << ")";
    std::cout << "\npackages  " << host.packages << "\n";
    print_core_counts(host);
    std::cout << "LLCs      " << host.llcs.size() << "\n";
    for (const auto& llc : host.llcs) {
        const std::string cache = llc.level == 0 ? "no cache shown, a package"
                                                 : "L" + std::to_string(llc.level) + ", " + size_text(llc.bytes);
        std::cout << "            " << cpus_text(llc.cpus) << ": " << cache << ", node " << llc.node << "\n";
    }
    std::cout << "nodes     " << host.nodes.size() << "\n";
    for (const auto& node : host.nodes) {
        std::cout << "            " << node.number << ": " << cpus_text(node.cpus) << ", "
                  << size_text(node.memory_bytes) << ", distances";
        for (const int distance : node.distances) std::cout << " " << distance;
        std::cout << "\n";
    }
    print_shape(shape);
}

int show_topology(const TopoOptions& options) {
    const auto host = vmm::read_host_topology(options.root);
    if (!host) {
        complain(host.error());
        return exit_host;
    }
    const auto shape = vmm::shape_of(*host);
    if (options.as_json)
        std::cout << to_json(*host, shape).dump(2) << "\n";
    else
        print(*host, shape);
    std::cout.flush();
    if (std::cout) return exit_pass;
    complain({"cannot write to standard output", "is the disk full, or the reader gone?"});
    return exit_host;
}

} // namespace

void add_topo_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<TopoOptions>();
    auto* command = app.add_subcommand("topo", "show this machine: CPUs, LLCs, cores, NUMA nodes, and its topology");
    command->add_flag("--json", options->as_json, "as one JSON object");
    command->add_option("--root", options->root, "read /sys and /proc below this folder")->type_name("DIR");
    command->callback([options, &exit_code] { exit_code = show_topology(*options); });
}

} // namespace ktstr::cli
