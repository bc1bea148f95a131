// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/host/plan.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "interp/plan/memory.h"
#include "interp/plan/renumber.h"

using namespace ktstr;
using Catch::Matchers::ContainsSubstring;

namespace {

plan::Topology topology(const std::string& label) { return *plan::parse_topology(label); }

plan::Plan small_plan() {
    plan::Plan plan;
    plan.topology = topology("1n1l2c2t");
    plan.memory_bytes = plan::default_memory(plan.topology);
    return plan;
}

std::vector<std::string> messages(const plan::Plan& plan, const std::string& active = "") {
    std::vector<std::string> texts;
    for (const auto& refused : vmm::host_refusals(plan, active)) texts.push_back(refused.error.message);
    return texts;
}

} // namespace

TEST_CASE("a scenario fits a machine that has at least as many CPUs, nodes, LLCs and threads per core") {
    CHECK_FALSE(vmm::too_small(topology("1n2l2c1t"), topology("2n2l4c2t")));
    CHECK_THAT(*vmm::too_small(topology("1n1l8c1t"), topology("1n1l4c1t")),
               ContainsSubstring("8 CPUs, and this machine has 4"));
    CHECK_THAT(*vmm::too_small(topology("2n2l1c1t"), topology("1n2l4c1t")), ContainsSubstring("2 NUMA nodes"));
    CHECK_THAT(*vmm::too_small(topology("1n2l1c1t"), topology("1n1l4c1t")), ContainsSubstring("2 LLCs"));
    CHECK_THAT(*vmm::too_small(topology("1n1l1c2t"), topology("1n1l4c1t")), ContainsSubstring("2 threads per core"));
}

TEST_CASE("a plan that changes nothing but its own cgroups may run on the host, under any scheduler") {
    CHECK(messages(small_plan()).empty());
    CHECK(messages(small_plan(), "lavd").empty());
}

TEST_CASE("what others on the machine would feel is refused") {
    plan::Plan plan = small_plan();
    plan.sysctls = {{"kernel.numa_balancing", "0"}};
    plan.kernel_args = {"nosmt"};
    plan.memory_bytes *= 2;
    plan.backdrop.push_back({plan::WriteKernel{}, {}});
    plan::Work work;
    work.work_type = "io_sync_write";
    work.parameters = {{"size", std::int64_t{4096}}, {"block", std::int64_t{4096}}};
    plan.steps.emplace_back().ops.push_back({plan::Spawn{"", work}, {"a.ktl", 3, 1}});
    const auto refused = messages(plan);
    REQUIRE(refused.size() == 5);
    CHECK_THAT(refused[0], ContainsSubstring("kernel.numa_balancing"));
    CHECK_THAT(refused[1], ContainsSubstring("nosmt"));
    CHECK_THAT(refused[2], ContainsSubstring("`memory`"));
    CHECK_THAT(refused[3], ContainsSubstring("`write_kernel`"));
    CHECK_THAT(refused[4], ContainsSubstring("scratch disk"));
}

TEST_CASE("a scenario's scheduler is refused while another runs, and only then") {
    plan::Plan plan = small_plan();
    plan.schedulers.emplace_back().name = "fixture";
    plan.schedulers[0].binary = "scx_ktstr";
    CHECK(messages(plan).empty());
    const auto refused = messages(plan, "lavd");
    REQUIRE(refused.size() == 1);
    CHECK_THAT(refused[0], ContainsSubstring("`fixture` would take the place of `lavd`"));
}

TEST_CASE("schedulers that would leave something behind on the machine are refused") {
    plan::Plan plan = small_plan();
    plan.schedulers.resize(2);
    plan.schedulers[0].name = "housed";
    plan.schedulers[0].binary = "scx_ktstr";
    plan.schedulers[0].cgroup_parent = "services";
    plan.schedulers[1].name = "tuned";
    plan.schedulers[1].enable = "true";
    const auto refused = messages(plan);
    REQUIRE(refused.size() == 2);
    CHECK_THAT(refused[0], ContainsSubstring("`cgroup_parent` of the scheduler `housed`"));
    CHECK_THAT(refused[1], ContainsSubstring("`enable` of the scheduler `tuned`"));
}

TEST_CASE("CPUs of a plan become those of the machine, in cpusets and affinities") {
    plan::Plan plan = small_plan();
    plan::AddCgroup add;
    add.spec.cpus = plan::CpuSet({0, 1});
    add.spec.works.emplace_back().affinity = {plan::Affinity::Kind::exact, plan::CpuSet({1}), 0};
    plan.backdrop.push_back({add, {}});
    plan.steps.emplace_back().loop.push_back({plan::SetCpuset{"hot", plan::CpuSet({2, 3}), plan::CpuSet({0})}, {}});
    const auto host = plan::renumbered(plan, {0, 2, 1, 3});
    const auto& spec = std::get<plan::AddCgroup>(host.backdrop[0].action).spec;
    CHECK(spec.cpus->list() == "0,2");
    CHECK(spec.works[0].affinity.cpus.list() == "2");
    const auto& set = std::get<plan::SetCpuset>(host.steps[0].loop[0].action);
    CHECK(set.cpus.list() == "1,3");
    CHECK(set.mems.list() == "0");
}
