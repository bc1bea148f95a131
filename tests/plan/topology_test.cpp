// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/topology.h"

#include <catch2/catch_test_macros.hpp>

using namespace ktstr::plan;

TEST_CASE("a topology is parsed and printed back") {
    const auto topology = parse_topology("2n4l3c2t");
    REQUIRE(topology);
    CHECK(topology->cpus() == 24);
    CHECK(topology->label() == "2n4l3c2t");
    CHECK(topology->llc_of_cpu(6) == 1);
    CHECK(topology->node_of_cpu(11) == 0);
    CHECK(topology->node_of_cpu(12) == 1);
}

TEST_CASE("what is not a topology is refused with a way out") {
    for (const char* text : {"", "1n", "1n2l4c", "1n2l4c1t1", "1n0l4c1t", "2n3l1c1t", "1n1l600c1t", "1l1n1c1t",
                             "-1n1l1c1t", "9999999999n1l1c1t"}) {
        INFO(text);
        const auto topology = parse_topology(text);
        REQUIRE_FALSE(topology);
        CHECK_FALSE(topology.error().hint.empty());
    }
}

TEST_CASE("CPU lists are in the kernel's format both ways") {
    CHECK(CpuSet::parse("0-3,7")->list() == "0-3,7");
    CHECK(CpuSet::parse("7,3,2,1,0,0")->list() == "0-3,7");
    CHECK(CpuSet::parse("")->empty());
    CHECK(CpuSet::range(4, 3).empty());
    for (const char* text : {"a", "1-", "3-1", "1,", ",1", "1 2", "0-99999999"}) {
        INFO(text);
        CHECK_FALSE(CpuSet::parse(text));
    }
}

TEST_CASE("memory nodes follow the CPUs") {
    const auto topology = parse_topology("2n2l2c1t");
    CHECK(nodes_of(*topology, CpuSet::range(0, 1)).list() == "0");
    CHECK(nodes_of(*topology, CpuSet::range(1, 2)).list() == "0-1");
}

namespace {

// Two nodes with 2 and 1 LLCs of 2 CPUs, and one with memory only.
Topology uneven() { return {3, 3, 2, 1, {{2, 0, {}}, {1, 0, {20, 10, 30}}, {0, 64U << 20U, {}}}}; }

} // namespace

TEST_CASE("where nodes differ, CPUs still run node by node") {
    Topology topology = uneven();
    CHECK(topology.label() == "3n3l2c1t:2,1,0");
    CHECK(topology.cpus_of_node(0).list() == "0-3");
    CHECK(topology.cpus_of_node(1).list() == "4-5");
    CHECK(topology.cpus_of_node(2).empty());
    CHECK(topology.node_of_cpu(3) == 0);
    CHECK(topology.node_of_cpu(4) == 1);
    CHECK(topology.llcs_of_node(0) == 2);
    CHECK(topology.llc_of_cpu(4) == 2);
    CHECK(nodes_of(topology, CpuSet::range(3, 4)).list() == "0-1");
    // A node with memory only may come first.
    topology.node_list = {{0, 0, {}}, {1, 0, {}}, {2, 0, {}}};
    CHECK(topology.cpus_of_node(0).empty());
    CHECK(topology.cpus_of_node(2).list() == "2-5");
    CHECK(topology.node_of_cpu(0) == 1);
}

TEST_CASE("alike nodes share the CPUs evenly") {
    const auto topology = parse_topology("2n4l3c2t");
    CHECK(topology->cpus_of_node(0).list() == "0-11");
    CHECK(topology->cpus_of_node(1).list() == "12-23");
    CHECK(topology->llcs_of_node(1) == 2);
}

TEST_CASE("a topology whose nodes do not make up the whole is refused") {
    Topology topology = uneven();
    topology.node_list[1].distances = {20, 10, 30};
    CHECK(check_topology(topology));
    topology.node_list[1].distances = {20, 20, 30};
    CHECK_FALSE(check_topology(topology));
    topology.node_list[1].distances = {20, 10, 255};
    CHECK_FALSE(check_topology(topology));
    topology.node_list[1].distances = {20, 10};
    CHECK_FALSE(check_topology(topology));
    topology = uneven();
    topology.llcs = 4;
    CHECK_FALSE(check_topology(topology));
    topology = uneven();
    topology.nodes = 2;
    CHECK_FALSE(check_topology(topology));
}
