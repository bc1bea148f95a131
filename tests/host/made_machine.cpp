// SPDX-License-Identifier: GPL-2.0-only
#include "tests/host/made_machine.h"

#include <catch2/catch_test_macros.hpp>

#include "interp/plan/topology.h"

namespace ktstr::test {

namespace {

std::vector<int> members(const std::string& list) {
    const auto set = plan::CpuSet::parse(list);
    REQUIRE(set);
    return set->members();
}

std::string cpu(int number) { return "sys/devices/system/cpu/cpu" + std::to_string(number) + "/"; }

} // namespace

MadeMachine::MadeMachine() : directory_(*TemporaryDirectory::create("ktstr-made-machine-")) {}

void MadeMachine::file(const std::string& path, const std::string& content) const {
    REQUIRE(make_directories((root() / path).parent_path()));
    REQUIRE(write_file(root() / path, content + "\n"));
}

void MadeMachine::cpus(const std::string& online, const std::string& present) const {
    file("sys/devices/system/cpu/online", online);
    file("sys/devices/system/cpu/present", present);
    for (const int number : members(online)) {
        file(cpu(number) + "topology/core_cpus_list", std::to_string(number));
        file(cpu(number) + "topology/physical_package_id", "0");
    }
}

void MadeMachine::core(const std::string& cpus) const {
    for (const int number : members(cpus)) file(cpu(number) + "topology/core_cpus_list", cpus);
}

void MadeMachine::package(int number, const std::string& cpus) const {
    for (const int one : members(cpus)) file(cpu(one) + "topology/physical_package_id", std::to_string(number));
}

void MadeMachine::cache(int level, const std::string& cpus, int kib, const std::string& type) const {
    for (const int number : members(cpus)) {
        const std::string folder =
            cpu(number) + "cache/index" + std::to_string(level) + (type == "Instruction" ? "1/" : "0/");
        file(folder + "level", std::to_string(level));
        file(folder + "type", type);
        file(folder + "size", std::to_string(kib) + "K");
        file(folder + "shared_cpu_list", cpus);
    }
}

void MadeMachine::node(int number, const std::string& cpus, std::uint64_t kib, const std::string& distances) const {
    const std::string folder = "sys/devices/system/node/node" + std::to_string(number) + "/";
    file(folder + "cpulist", cpus);
    file(folder + "distance", distances);
    const std::string head = "Node " + std::to_string(number) + " MemTotal:       ";
    file(folder + "meminfo", head + std::to_string(kib) + " kB");
}

} // namespace ktstr::test
