// SPDX-License-Identifier: GPL-2.0-only
// What work types of the categories churn and pressure show to those who watch from outside.
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <set>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/guest/running.h"

using Catch::Matchers::ContainsSubstring;
using namespace ktstr;
using namespace ktstr::guest;
using namespace ktstr::test;

TEST_CASE("fork_exit has children, and their time is its own") {
    const auto outcome = run(work_of("fork_exit"), 20);
    CHECK(static_cast<std::uint64_t>(outcome.usage.at(0).ru_minflt) > 20); // each child copies pages
    CHECK(outcome.reports[0].cpu_ns > 0);
}

TEST_CASE("nice_sweep walks through the nice values") {
    if (!host_permits("nice_sweep")) return;
    Running running(work_of("nice_sweep"));
    running.start();
    std::set<long> seen;
    CHECK(comes_true([&] {
        seen.insert(proc_stat(running.pid(0), 19));
        return seen.size() >= 10;
    }));
}

TEST_CASE("policy_churn goes through its three policies") {
    Running running(work_of("policy_churn"));
    running.start();
    std::set<int> seen;
    CHECK(comes_true([&] {
        seen.insert(::sched_getscheduler(running.pid(0)));
        return seen == std::set<int>{SCHED_OTHER, SCHED_BATCH, SCHED_IDLE};
    }));
}

TEST_CASE("affinity_churn runs on every CPU that it may use") {
    const auto online = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
    Running running(work_of("affinity_churn"));
    running.pool.start(monotonic_ns());
    const WorkerSlot& slot = *running.pool.workers().at(0).slot;
    while (slot.migrations < static_cast<std::uint64_t>(2 * (online - 1))) ::usleep(500);
    const auto reports = running.stop();
    CHECK(reports[0].cpus.size() == online);
}

TEST_CASE("cross_affinity_churn changes the affinity of one that does nothing for it itself") {
    const auto online = static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_ONLN));
    Running running(work_of("cross_affinity_churn"));
    running.run_until_each_has(1);
    ::kill(running.pid(0), SIGSTOP);
    std::set<std::string> seen;
    CHECK(comes_true([&] {
        seen.insert(proc_field(running.pid(0), "status", "Cpus_allowed_list"));
        return seen.size() >= online;
    }));
    ::kill(running.pid(0), SIGCONT);
}

TEST_CASE("work across NUMA nodes says what it needs where there is only one") {
    const auto* type = GENERATE("numa_migration_churn", "numa_working_set_sweep");
    if (host_permits(type)) return; // with two it works, as a scenario shows
    Running running(work_of(type));
    running.start();
    running.wait_for_end_of(0);
    const auto reports = running.pool.take_reports(0);
    CHECK_THAT(reports.at(0).exit, ContainsSubstring("needs two NUMA nodes") && ContainsSubstring("2n2l2c1t"));
}

TEST_CASE("cgroup_churn is seen in cgroups of its own, and takes them away") {
    if (!host_permits("cgroup_churn")) return;
    Running running(work_of("cgroup_churn", 1, {{"cgroups", std::int64_t{3}}}));
    running.run_until_each_has(1);
    std::set<std::string> seen;
    CHECK(comes_true([&] {
        std::ifstream lines("/proc/" + std::to_string(running.pid(0)) + "/cgroup");
        for (std::string line; std::getline(lines, line);)
            if (line.find("/ktstr.own.") != std::string::npos) seen.insert(line);
        return seen.size() == 3;
    }));
    CHECK(running.cgroup->below().size() == 3);
    running.stop();
    CHECK(running.cgroup->below().empty());
}

TEST_CASE("cgroup_attach_storm has children in cgroups of its own, and takes all away") {
    if (!host_permits("cgroup_attach_storm")) return;
    Running running(work_of("cgroup_attach_storm", 1, {{"cgroups", std::int64_t{2}}}));
    running.start();
    std::set<pid_t> children;
    CHECK(comes_true([&] {
        for (const auto& directory : running.cgroup->below()) {
            std::ifstream pids(directory + "/cgroup.procs");
            for (pid_t pid = 0; pids >> pid;) children.insert(pid);
        }
        return children.size() >= 8;
    }));
    CHECK(!children.contains(running.pid(0)));
    running.stop();
    CHECK(running.cgroup->below().empty());
    for (const pid_t child : children) CHECK(::kill(child, 0) != 0);
}

TEST_CASE("a worker that makes cgroups says so where it may not") {
    const auto* type = GENERATE("cgroup_churn", "cgroup_attach_storm");
    const plan::Work work = work_of(type);
    auto pool = WorkerPool::create(1, 0, AffinityResolver({}, 1));
    REQUIRE(pool.ok());
    REQUIRE(pool->spawn(work, {.cgroup_home = "/", .cgroup_base = "/proc"}).ok());
    pool->start(monotonic_ns());
    const pid_t pid = pool->workers().at(0).pid;
    int status = 0;
    rusage usage{};
    REQUIRE(::wait4(pid, &status, 0, &usage) == pid);
    CHECK_THAT(pool->reaped(pid, status, usage, monotonic_ns()).at(0)->exit, ContainsSubstring("mkdir() a cgroup"));
}

TEST_CASE("signal_storm sends its signals to the other one") {
    Running running(work_of("signal_storm"));
    running.run_until_each_has(20);
    ::kill(running.pid(1), SIGSTOP);
    CHECK(comes_true([&] { // it stays pending while the other cannot take it
        const std::string pending = proc_field(running.pid(1), "status", "SigPnd");
        return ((std::stoull(pending, nullptr, 16) >> (SIGUSR2 - 1)) & 1U) != 0;
    }));
    ::kill(running.pid(1), SIGCONT);
    running.stop();
    CHECK(running.usage.at(0).ru_nvcsw >= 20);
}

TEST_CASE("preempt_storm takes the CPU from its victims at every wake-up") {
    if (!host_permits("preempt_storm")) return;
    Running running(work_of("preempt_storm"));
    running.run_until_each_has(100);
    CHECK(::sched_getscheduler(running.pid(0)) == SCHED_FIFO);
    for (const std::size_t victim : {1U, 2U}) CHECK(::sched_getscheduler(running.pid(victim)) == SCHED_OTHER);
    running.stop();
    CHECK(running.usage.at(0).ru_nvcsw >= 100);
    CHECK(running.usage.at(1).ru_nivcsw + running.usage.at(2).ru_nivcsw >= 5);
}

TEST_CASE("rt_starvation takes its part of each period, whoever else wants the CPU") {
    if (!host_permits("rt_starvation")) return;
    plan::Work work = work_of("rt_starvation", 1, {{"period", std::int64_t{20'000'000}}, {"busy", 0.5}});
    work.affinity = {plan::Affinity::Kind::exact, plan::CpuSet({0}), 0};
    Running running(work);
    running.run_until_each_has(10);
    CHECK(::sched_getscheduler(running.pid(0)) == SCHED_FIFO);
    CHECK(::sched_getscheduler(running.pid(1)) == SCHED_OTHER);
    const auto reports = running.stop();
    CHECK(reports[0].cpu_ns >= reports[0].work_units * 10'000'000ULL * 9 / 10);
    CHECK(running.usage.at(1).ru_nivcsw >= 3); // preempted, more than once
}
