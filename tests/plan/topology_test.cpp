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
