// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/host/topology.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/host/made_machine.h"

using namespace ktstr;
using namespace ktstr::test;

namespace {

vmm::HostTopology topology_of(const MadeMachine& machine) {
    auto host = vmm::read_host_topology(machine.root());
    REQUIRE(host);
    return std::move(*host);
}

vmm::HostShape shape_of(const MadeMachine& machine) {
    auto shape = vmm::shape_of(topology_of(machine));
    REQUIRE(shape);
    return std::move(*shape);
}

} // namespace

TEST_CASE("a machine whose SMT siblings are numbered half the machine apart is read in the order of a plan") {
    const MadeMachine machine;
    machine.cpus("0-7", "0-7");
    for (const char* core : {"0,4", "1,5", "2,6", "3,7"}) machine.core(core);
    machine.cache(1, "0,4", 32, "Instruction");
    machine.cache(2, "0,4", 1024);
    machine.cache(3, "0-1,4-5", 32768);
    machine.cache(3, "2-3,6-7", 32768);
    machine.package(1, "2-3,6-7");
    machine.file("sys/devices/system/node/online", "0-1");
    machine.node(0, "0-1,4-5", 4096, "10 21");
    machine.node(1, "2-3,6-7", 8192, "21 10");
    const auto host = topology_of(machine);
    CHECK(host.packages == 2);
    REQUIRE(host.llcs.size() == 2);
    CHECK(host.llcs[1].level == 3);
    CHECK(host.llcs[1].bytes == 32768U * 1024);
    CHECK(host.llcs[1].node == 1);
    CHECK(host.llcs[1].cpus.list() == "2-3,6-7");
    REQUIRE(host.nodes.size() == 2);
    CHECK(host.nodes[1].memory_bytes == 8192U * 1024);
    CHECK(host.nodes[1].distances == std::vector<int>{21, 10});
    const auto shape = shape_of(machine);
    CHECK(shape.uniform());
    CHECK(shape.topology.label() == "2n2l2c2t");
    CHECK(shape.cpus == std::vector<int>{0, 4, 1, 5, 2, 6, 3, 7});
}

TEST_CASE("LLCs that differ in size leave the surplus of the larger ones out") {
    const MadeMachine machine;
    machine.cpus("0-6", "0-6");
    machine.cache(3, "0-3", 1024);
    machine.cache(3, "4-6", 1024);
    const auto shape = shape_of(machine);
    CHECK_FALSE(shape.uniform());
    CHECK(shape.topology.label() == "1n2l3c1t");
    CHECK(shape.left_out.list() == "3");
    CHECK(shape.cpus == std::vector<int>{0, 1, 2, 4, 5, 6});
}

TEST_CASE("of cores with one thread and cores with two, those that make more CPUs are taken") {
    const MadeMachine machine;
    machine.cpus("0-6", "0-6");
    machine.core("0-1");
    machine.core("2-3");
    machine.cache(3, "0-6", 1024);
    CHECK(shape_of(machine).topology.label() == "1n1l5c1t");
    machine.core("4-5");
    const auto shape = shape_of(machine);
    CHECK(shape.topology.label() == "1n1l3c2t");
    CHECK(shape.left_out.list() == "6");
}

TEST_CASE("offline CPUs are in no core, LLC or node") {
    const MadeMachine machine;
    machine.cpus("0,2-3", "0-3");
    machine.core("2-3");
    machine.file("sys/devices/system/cpu/cpu0/topology/core_cpus_list", "0-1");
    for (const char* cpu : {"0", "2-3"}) machine.cache(3, cpu, 1024);
    machine.file("sys/devices/system/cpu/cpu0/cache/index30/shared_cpu_list", "0-1");
    machine.file("sys/devices/system/node/online", "0");
    machine.node(0, "0-3", 4096, "10");
    const auto host = topology_of(machine);
    CHECK(host.offline.list() == "1");
    CHECK(host.nodes[0].cpus.list() == "0,2-3");
    REQUIRE(host.cores.size() == 2);
    CHECK(host.cores[0].list() == "0");
    const auto shape = shape_of(machine);
    CHECK(shape.topology.label() == "1n2l1c1t");
    CHECK(shape.cpus == std::vector<int>{0, 2});
    CHECK(shape.left_out.list() == "3");
}

TEST_CASE("a container that shows no caches and no nodes has a package for an LLC and one node") {
    const MadeMachine machine;
    machine.cpus("0-3", "0-3");
    machine.package(1, "2-3");
    machine.cache(1, "0", 32, "Data");
    machine.file("proc/meminfo", "MemTotal:        2048 kB");
    const auto host = topology_of(machine);
    REQUIRE(host.llcs.size() == 2);
    CHECK(host.llcs[0].level == 0);
    CHECK(host.llcs[0].cpus.list() == "0-1");
    REQUIRE(host.nodes.size() == 1);
    CHECK(host.nodes[0].memory_bytes == 2048U * 1024);
    CHECK(shape_of(machine).topology.label() == "1n2l2c1t");
}

TEST_CASE("an LLC on two nodes counts in each, and a node with memory only has none") {
    const MadeMachine machine;
    machine.cpus("0-3", "0-3");
    machine.cache(3, "0-3", 1024);
    machine.file("sys/devices/system/node/online", "0-2");
    machine.node(0, "0-1", 4096, "10 12 30");
    machine.node(1, "2-3", 4096, "12 10 30");
    machine.node(2, "", 8192, "30 30 10");
    const auto host = topology_of(machine);
    REQUIRE(host.llcs.size() == 2);
    CHECK(host.llcs[1].cpus.list() == "2-3");
    CHECK(host.nodes[2].cpus.empty());
    const auto shape = shape_of(machine);
    CHECK_FALSE(shape.uniform());
    CHECK(shape.topology.label() == "3n2l2c1t:1,1,0");
    CHECK(shape.topology.node_list[2].distances == std::vector<int>{30, 30, 10});
}

TEST_CASE("a smaller topology takes the first LLCs and cores of a machine that are large enough") {
    const MadeMachine machine;
    machine.cpus("0-11", "0-11");
    for (const char* core : {"0,6", "1,7", "2,8", "3,9", "4,10", "5,11"}) machine.core(core);
    machine.cache(3, "0,6", 1024);
    machine.cache(3, "1-2,7-8", 1024);
    machine.cache(3, "3-5,9-11", 1024);
    const auto host = topology_of(machine);
    const auto placed = [&host](const std::string& label) {
        return vmm::place_topology(host, *plan::parse_topology(label));
    };
    CHECK(*placed("1n1l1c1t") == std::vector<int>{0});
    CHECK(*placed("1n2l2c2t") == std::vector<int>{1, 7, 2, 8, 3, 9, 4, 10});
    CHECK(*placed("1n1l3c1t") == std::vector<int>{3, 4, 5});
    CHECK_FALSE(placed("1n2l3c1t"));
    CHECK_FALSE(placed("2n2l1c1t"));
    CHECK_FALSE(placed("1n1l1c3t"));
}

TEST_CASE("node numbers with gaps have no topology, and a folder without CPUs is refused") {
    const MadeMachine machine;
    CHECK_FALSE(vmm::read_host_topology(machine.root()));
    machine.cpus("0-1", "0-1");
    machine.file("sys/devices/system/node/online", "0,2");
    machine.node(0, "0", 4096, "10 20");
    machine.node(2, "1", 4096, "20 10");
    CHECK_FALSE(vmm::shape_of(topology_of(machine)));
}
