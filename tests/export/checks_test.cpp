// SPDX-License-Identifier: GPL-2.0-only
#include "export/checks.h"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "interp/plan/memory.h"
#include "tests/host/made_machine.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

MadeMachine good_machine() {
    MadeMachine machine;
    machine.cpus("0-3", "0-3");
    machine.cache(3, "0-1", 1024);
    machine.cache(3, "2-3", 1024);
    machine.file("proc/meminfo", "MemTotal:        2048 kB");
    machine.file("proc/self/mountinfo", "30 22 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup rw\n");
    machine.file("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids");
    machine.file("sys/fs/cgroup/cgroup.procs", "1");
    machine.file("sys/kernel/sched_ext/state", "disabled");
    machine.file("sys/kernel/btf/vmlinux", "");
    return machine;
}

plan::Plan plan_for(const std::string& label) {
    plan::Plan plan;
    plan.topology = *plan::parse_topology(label);
    plan.memory_bytes = plan::default_memory(plan.topology);
    plan.schedulers.push_back({.name = "fixture", .binary = "scx_ktstr"});
    return plan;
}

std::string lacks(const MadeMachine& machine, const plan::Plan& plan, uid_t user = 0) {
    std::string texts;
    for (const auto& lack : bundle::lacks(plan, user, "6.12.0", machine.root())) texts += lack.text() + "\n";
    return texts;
}

} // namespace

TEST_CASE("a machine that is as large as the plan's, or larger, lacks nothing") {
    const auto machine = good_machine();
    CHECK(lacks(machine, plan_for("1n2l2c1t")).empty());
    CHECK(lacks(machine, plan_for("1n1l1c1t")).empty());
}

TEST_CASE("a machine that is too small is told so, with what it has") {
    const auto machine = good_machine();
    CHECK_THAT(lacks(machine, plan_for("1n1l4c1t")),
               ContainsSubstring("LLCs with 4 cores") && ContainsSubstring("1n2l2c1t"));
    CHECK_THAT(lacks(machine, plan_for("2n2l2c1t")), ContainsSubstring("2 NUMA nodes, and this machine has 1"));
}

TEST_CASE("every lack is a line of its own") {
    const auto machine = good_machine();
    machine.file("sys/kernel/sched_ext/state", "enabled");
    machine.file("sys/kernel/sched_ext/root/ops", "lavd");
    machine.file("sys/fs/cgroup/cgroup.controllers", "cpu");
    const auto texts = lacks(machine, plan_for("1n4l1c1t"), 1000);
    CHECK_THAT(texts, ContainsSubstring("needs root") && ContainsSubstring("4 LLCs") &&
                          ContainsSubstring("no controller `cpuset`") && ContainsSubstring("the place of `lavd`"));
    CHECK(std::count(texts.begin(), texts.end(), '\n') == 4);
}
