// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/host/requirements.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/host/made_machine.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

void mounted(const MadeMachine& machine, const std::string& type, const std::string& options) {
    machine.file("proc/self/mountinfo", "22 1 0:20 / /sys rw - sysfs sysfs rw\n30 22 0:26 / /sys/fs/cgroup " + options +
                                            " shared:4 - " + type + " cgroup " + options);
}

std::string refusal(const MadeMachine& machine, uid_t user = 0, const std::string& release = "6.12.1") {
    std::string texts;
    for (const auto& lack : vmm::host_lacks(user, release, machine.root())) texts += lack.text() + "\n";
    return texts;
}

} // namespace

TEST_CASE("a machine with a writable cgroup v2 hierarchy and its controllers can run plans, as root") {
    const MadeMachine machine;
    mounted(machine, "cgroup2", "rw,nosuid");
    machine.file("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids");
    machine.file("sys/fs/cgroup/cgroup.procs", "1");
    CHECK(refusal(machine).empty());
    CHECK_THAT(refusal(machine, 1000), ContainsSubstring("needs root"));
    CHECK_THAT(refusal(machine, 0, "5.10.0-amd64"), ContainsSubstring("5.14"));
}

TEST_CASE("what keeps a machine from running plans is said, with the way out") {
    const MadeMachine machine;
    CHECK_THAT(refusal(machine), ContainsSubstring("no cgroup hierarchy is mounted"));
    mounted(machine, "tmpfs", "rw");
    CHECK_THAT(refusal(machine), ContainsSubstring("cgroup v1") && ContainsSubstring("unified_cgroup_hierarchy"));
    mounted(machine, "cgroup2", "ro,nosuid");
    CHECK_THAT(refusal(machine), ContainsSubstring("read-only, as in a container"));
    mounted(machine, "cgroup2", "rw");
    machine.file("sys/fs/cgroup/cgroup.controllers", "cpu memory");
    CHECK_THAT(refusal(machine), ContainsSubstring("no controller `cpuset`"));
    machine.file("sys/fs/cgroup/cgroup.controllers", "cpuset cpu memory");
    machine.file("sys/fs/cgroup/cgroup.type", "domain");
    machine.file("sys/fs/cgroup/cgroup.procs", "1");
    CHECK_THAT(refusal(machine), ContainsSubstring("holds processes"));
}

TEST_CASE("all that a machine lacks is said at once") {
    const MadeMachine machine;
    mounted(machine, "tmpfs", "rw");
    CHECK_THAT(refusal(machine, 1000, "5.10.0-amd64"),
               ContainsSubstring("needs root") && ContainsSubstring("5.14") && ContainsSubstring("cgroup v1"));
}

TEST_CASE("a plan with a scheduler needs a kernel that takes one, and that shows its types") {
    const MadeMachine machine;
    plan::Plan plan;
    CHECK(vmm::scheduler_lacks(plan, machine.root()).empty());
    plan.schedulers.push_back({.name = "lavd", .binary = "scx_lavd"});
    REQUIRE(vmm::scheduler_lacks(plan, machine.root()).size() == 1);
    CHECK_THAT(vmm::scheduler_lacks(plan, machine.root())[0].text(),
               ContainsSubstring("lavd") && ContainsSubstring("CONFIG_SCHED_CLASS_EXT"));
    machine.file("sys/kernel/sched_ext/state", "disabled");
    CHECK_THAT(vmm::scheduler_lacks(plan, machine.root())[0].text(), ContainsSubstring("CONFIG_DEBUG_INFO_BTF"));
    machine.file("sys/kernel/btf/vmlinux", "");
    CHECK(vmm::scheduler_lacks(plan, machine.root()).empty());
}

TEST_CASE("the sched_ext scheduler that runs is known by its name") {
    const MadeMachine machine;
    CHECK(vmm::active_scheduler(machine.root()).empty());
    machine.file("sys/kernel/sched_ext/state", "disabled");
    CHECK(vmm::active_scheduler(machine.root()).empty());
    machine.file("sys/kernel/sched_ext/state", "enabled");
    CHECK(vmm::active_scheduler(machine.root()) == "a sched_ext scheduler");
    machine.file("sys/kernel/sched_ext/root/ops", "lavd");
    CHECK(vmm::active_scheduler(machine.root()) == "lavd");
}
