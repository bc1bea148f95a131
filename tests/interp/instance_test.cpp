// SPDX-License-Identifier: GPL-2.0-only
// What a template, its instance and a scheduler say of one scenario, and machines whose nodes differ.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "tests/interp/compile_help.h"

namespace ktstr::test {

namespace {

constexpr const char* declarations = "scheduler s { binary \"s\" topology 1n2l4c1t }\n"
                                     "template t() {\n"
                                     "  topology 1n1l2c1t\n"
                                     "  cgroup a { workers 2 of spin_wait }\n"
                                     "  expect { gap <= 2s spread(a) <= 50% }\n"
                                     "}\n";

std::vector<std::string> written(const plan::Plan& plan) {
    std::vector<std::string> texts;
    for (const auto& expectation : plan.expectations) texts.push_back(expectation.written);
    return texts;
}

std::string far_machine(const std::string& second_node) {
    return "topology far { node { llcs 1 memory 256MiB } node { llcs 0 " + second_node + " } }\n";
}

constexpr const char* on_far = "scenario \"x\" { topology far cgroup a { workers 1 of spin_wait } }";

} // namespace

TEST_CASE("an instance has the last word over the expectations of its template") {
    const auto plan =
        plan_of(std::string(declarations) + "scenario \"x\" = t() { expect { gap <= 1s spread(a) off } }");
    CHECK(written(plan) == std::vector<std::string>{"progress", "gap <= 1s"});
}

TEST_CASE("a template that expects an error needs no more from its instance") {
    const std::string caught = "template c() { cgroup a { workers 1 of spin_wait } expect { error contains \"x\" } }\n";
    CHECK(written(plan_of(caught + "scenario \"x\" = c()")) == std::vector<std::string>{"error contains \"x\""});
    const auto other = plan_of(caught + "scenario \"x\" = c() { expect { error contains \"y\" } }");
    CHECK(written(other) == std::vector<std::string>{"error contains \"y\""});
}

TEST_CASE("the topology of a template counts more than the default one of the instance's scheduler") {
    CHECK(plan_of(std::string(declarations) + "scenario \"x\" = t() { scheduler s }").topology.label() == "1n1l2c1t");
}

TEST_CASE("a machine has the memory that its nodes name, and a part for those that name none") {
    constexpr std::uint64_t mib = 1ULL << 20U;
    CHECK(plan_of(far_machine("memory 128MiB") + on_far).memory_bytes == 384 * mib);
    CHECK(plan_of(far_machine("") + on_far).memory_bytes == 512 * mib);
}

TEST_CASE("memory that does not agree with the nodes is refused") {
    const std::string with_memory = "scenario \"x\" { topology far memory 1GiB cgroup a { workers 1 of spin_wait } }";
    CHECK(codes_of(far_machine("memory 128MiB") + with_memory) == "E0304");
    CHECK(codes_of(far_machine("") + with_memory).empty());
    CHECK(codes_of(far_machine("memory 100000KiB") + on_far) == "E0304");
    CHECK(codes_of_scenario("memory 100000KiB cgroup a { workers 1 of spin_wait }") == "E0304");
}

TEST_CASE("distances are 10 to the node itself and more to the others") {
    CHECK(codes_of("topology d { node { llcs 1 distances [10, 10] } node { llcs 1 } }") == "E0304");
    CHECK(codes_of("topology d { node { llcs 1 distances [20, 10] } node { llcs 1 } }") == "E0304");
    CHECK(codes_of("topology d { node { llcs 1 distances [10, 20] } node { llcs 1 } }").empty());
}

TEST_CASE("a topology knows which of its nodes have CPUs") {
    CHECK(codes_of(far_machine("") + "assert far.cpu_nodes.length == 1 and far.cpu_nodes[0] == 0").empty());
}

TEST_CASE("a component of a component of a named value is found") {
    CHECK(codes_of("let limits = {inner: {quota: 20ms}}\nassert limits.inner.quota == 20ms").empty());
}

TEST_CASE("an item of a list has components") {
    CHECK(codes_of("assert [1n1l2c1t, 1n2l4c1t][1].cpus == 8").empty());
    CHECK(codes_of("let nested = [[1], [2, 3]]\nassert nested[1].length == 2").empty());
}

TEST_CASE("numbers in strings are written as they would be in a file") {
    CHECK(codes_of("assert \"${7%} ${100_000/s} ${0.1}\" == \"7% 100000/s 0.1\"").empty());
}

} // namespace ktstr::test
