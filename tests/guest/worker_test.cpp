// SPDX-License-Identifier: GPL-2.0-only
// Workers as ordinary processes of the host: what holds for each of them, whatever its work. They run until they have
// done a number of units, however long that takes.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <csignal>

#include "tests/guest/running.h"

using Catch::Matchers::ContainsSubstring;
using namespace ktstr;
using namespace ktstr::guest;
using namespace ktstr::test;

TEST_CASE("every work type that the executor has works and stops when told to") {
    for (const auto& type : plan::work_types()) {
        DYNAMIC_SECTION(type.name) {
            if (type.name == "memory_hog" || !host_permits(type.name)) continue; // below, with a bound
            const auto outcome = run(work_of(type.name), 2);
            CHECK(outcome.reports.size() == static_cast<std::size_t>(work_of(type.name).workers));
            for (const auto& report : outcome.reports) {
                CHECK(report.cpus.size() >= 1);
                CHECK(report.wall_ns > 0);
                CHECK(report.iterations > 0);
                CHECK(report.cgroup == "hot");
                CHECK(report.isolation_violations == 0);
            }
        }
    }
}

TEST_CASE("no member of a group works, or needs a partner, before the common start") {
    for (const auto& type : plan::work_types()) {
        if (!host_permits(type.name)) continue;
        DYNAMIC_SECTION(type.name) {
            Running running(work_of(type.name));
            for (const auto& report : running.stop()) {
                CHECK(report.exit == "stopped");
                CHECK(report.work_units == 0);
                CHECK(report.wall_ns == 0);
            }
        }
    }
}

TEST_CASE("a worker whose partner is gone still stops") {
    for (const auto& type : plan::work_types()) {
        if (work_of(type.name).workers < 2 || !host_permits(type.name)) continue;
        for (const std::size_t victim : {0U, 1U}) DYNAMIC_SECTION(type.name << ", member " << victim) {
                Running running(work_of(type.name));
                running.run_until_each_has(1);
                ::kill(running.pid(victim), SIGKILL);
                running.wait_for_end_of(victim);
                const auto reports = running.stop();
                for (std::size_t i = 0; i < reports.size(); ++i)
                    CHECK(reports[i].exit == (i == victim ? "signal 9 (Killed)" : "stopped"));
            }
    }
}

TEST_CASE("no worker does anything before the common start") {
    Running running(work_of("spin_wait", 3));
    ::usleep(20000);
    for (const auto& worker : running.pool.workers()) CHECK(worker.slot->iterations == 0);
    running.run_until_each_has(1);
    const auto reports = running.stop();
    REQUIRE(reports.size() == 3);
    CHECK(reports[0].started_at_ns == reports[2].started_at_ns);
}

TEST_CASE("a killed worker's counts survive it") {
    Running running(work_of("spin_wait"));
    running.run_until_each_has(10);
    ::kill(running.pid(0), SIGSEGV);
    while (!running.pool.workers().at(0).ended) {
        ::usleep(500);
        running.reap();
    }
    const auto reports = running.pool.take_reports(0);
    REQUIRE(reports.size() == 1);
    CHECK_THAT(reports[0].exit, ContainsSubstring("signal 11"));
    CHECK(reports[0].work_units >= 10);
    CHECK(running.pool.take_reports(0).empty()); // reported once
}

TEST_CASE("a worker that does not hear its stop is killed when its time is over, and keeps its counts") {
    Running running(work_of("spin_wait"));
    running.run_until_each_has(3);
    ::kill(running.pid(0), SIGSTOP);
    running.pool.request_stop([](const WorkerProcess&) { return true; }, monotonic_ns());
    running.reap();
    CHECK_FALSE(running.pool.workers().at(0).ended);
    running.pool.nudge(monotonic_ns() + WorkerPool::stop_limit_ns);
    running.wait_for_end_of(0);
    const auto report = running.pool.take_reports(0).at(0);
    CHECK(report.exit == "killed");
    CHECK(report.work_units >= 3);
}

TEST_CASE("what a worker leaves behind in its process group is gone after it") {
    Running running(work_of("fork_exit"));
    running.run_until_each_has(5);
    const pid_t group = running.pid(0);
    running.stop();
    while (::kill(-group, 0) == 0) {
        ::usleep(1000); // a killed child of the group is there until its new parent has reaped it
        running.reap();
    }
    CHECK(errno == ESRCH);
}

TEST_CASE("an affinity is taken as far as it exists, and refused where there is nothing of it") {
    Running running(work_of("idle_churn"));
    const pid_t pid = running.pid(0);
    CHECK(apply_affinity(pid, plan::CpuSet::range(0, 0)).ok());
    const auto refused = apply_affinity(pid, plan::CpuSet::range(500, 501));
    REQUIRE(!refused.ok());
    CHECK_THAT(refused.error().text(), ContainsSubstring("500-501") && ContainsSubstring("cpuset"));
    CHECK(apply_affinity(pid, {}).ok());
}

TEST_CASE("workers and groups of a plan are counted over backdrop and steps") {
    plan::Plan plan;
    plan::AddCgroup add;
    add.spec.works = {work_of("pipe_io", 3), work_of("spin_wait")};
    plan.backdrop.push_back({add, {}});
    plan::Step step;
    step.ops = {{plan::Spawn{"", work_of("mutex_contention", 2)}, {}}};
    plan.steps.push_back(step);
    auto count = count_workers(plan);
    CHECK(count.workers == 6 + 1 + 8);
    CHECK(count.groups == 3 + 2);
    plan.steps[0].hold_ns = 1000;
    plan.steps[0].every_ns = 300;
    plan.steps[0].loop = {{plan::Spawn{"", work_of("pipe_io")}, {}}};
    count = count_workers(plan);
    CHECK(count.workers == 15 + 4 * 2);
    CHECK(count.groups == 5 + 4);
}

TEST_CASE("a worker count that its work type cannot group is refused") {
    auto pool = WorkerPool::create(3, 3, AffinityResolver({}, 1));
    REQUIRE(pool.ok());
    plan::Work work = work_of("pipe_io");
    work.workers = 3;
    const auto spawned = pool->spawn(work, {});
    REQUIRE(!spawned.ok());
    CHECK_THAT(spawned.error().message, ContainsSubstring("groups of 2"));
}
