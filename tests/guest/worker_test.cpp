// SPDX-License-Identifier: GPL-2.0-only
// The work loops as ordinary processes of the host: each must do what its name says, and end when told to. They run
// until they have done a number of units, however long that takes.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <csignal>
#include <map>

#include "guest/worker_pool.h"
#include "interp/plan/requirements.h"
#include "interp/plan/work_types.h"

using Catch::Matchers::ContainsSubstring;
using namespace ktstr;
using namespace ktstr::guest;

namespace {

plan::Work work_of(const plan::WorkType& type, int groups = 1) {
    plan::Work work;
    work.name = type.name;
    work.work_type = type.name;
    work.parameters = type.defaults();
    work.workers = groups * type.group_size_with(work.parameters);
    return work;
}

plan::Work work_of(const std::string& type) { return work_of(*plan::find_work_type(type)); }

const WorkerFilter every = [](const WorkerProcess&) { return true; };

// A pool with one piece of work, run the way the executor does it.
struct Running {
    WorkerPool pool;
    std::map<int, rusage> usage; // by worker number

    explicit Running(const plan::Work& work)
        : pool(std::move(WorkerPool::create(static_cast<std::size_t>(work.workers),
                                            static_cast<std::size_t>(work.workers),
                                            AffinityResolver({1, 1, plan::max_cpus, 1, {}}, 1))
                             .value())) {
        const auto spawned = pool.spawn(work, {.cgroup = "hot", .allowed = plan::CpuSet::range(0, plan::max_cpus - 1)});
        INFO((spawned ? std::string() : spawned.error().text()));
        REQUIRE(spawned.ok());
    }
    ~Running() {
        for (const auto& worker : pool.workers())
            if (!worker.ended) {
                ::kill(-worker.pid, SIGKILL);
                ::waitpid(worker.pid, nullptr, 0);
            }
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    void reap() {
        while (true) {
            int status = 0;
            rusage used{};
            const pid_t pid = ::wait4(-1, &status, WNOHANG, &used);
            if (pid <= 0) return;
            if (const auto* worker = pool.reaped(pid, status, used, monotonic_ns())) usage[worker->number] = used;
        }
    }
    // Until each worker has done `units`, or has ended.
    void run_until_each_has(std::uint64_t units) {
        pool.start(monotonic_ns());
        for (auto& worker : pool.workers())
            while (!worker.ended && worker.slot->work_units < units) {
                ::usleep(500);
                reap();
            }
    }
    std::vector<plan::WorkerReport> stop() {
        pool.request_stop(every, monotonic_ns());
        while (pool.any_live(every)) {
            ::usleep(1000);
            reap();
            pool.nudge(monotonic_ns());
        }
        return pool.take_reports(0);
    }
};

struct Outcome {
    std::vector<plan::WorkerReport> reports;
    std::map<int, rusage> usage;
};

Outcome run(const plan::Work& work, std::uint64_t units) {
    Running running(work);
    running.run_until_each_has(units);
    Outcome outcome{running.stop(), running.usage};
    for (const auto& report : outcome.reports) {
        INFO(report.exit);
        REQUIRE(report.exit == "stopped");
        REQUIRE(report.work_units >= units);
    }
    return outcome;
}

std::uint64_t switches(const rusage& usage) {
    return static_cast<std::uint64_t>(usage.ru_nvcsw) + static_cast<std::uint64_t>(usage.ru_nivcsw);
}

} // namespace

TEST_CASE("every work type that the executor has works and stops when told to") {
    for (const auto& type : plan::work_types()) {
        if (!plan::is_executed_work_type(type.name)) continue;
        DYNAMIC_SECTION(type.name) {
            if (type.name == "memory_hog") continue;                     // below, with a bound
            if (type.name == "nice_sweep" && ::geteuid() != 0) continue; // raising priority needs a privilege
            const auto outcome = run(work_of(type), 2);
            CHECK(outcome.reports.size() == static_cast<std::size_t>(work_of(type).workers));
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

TEST_CASE("no worker does anything before the common start") {
    Running running(work_of(*plan::find_work_type("spin_wait"), 3));
    ::usleep(20000);
    for (const auto& worker : running.pool.workers()) CHECK(worker.slot->iterations == 0);
    running.run_until_each_has(1);
    const auto reports = running.stop();
    REQUIRE(reports.size() == 3);
    CHECK(reports[0].started_at_ns == reports[2].started_at_ns);
}

TEST_CASE("workers that were never started can be stopped") {
    Running running(work_of(*plan::find_work_type("pipe_io"), 2));
    const auto reports = running.stop();
    REQUIRE(reports.size() == 4);
    for (const auto& report : reports) {
        CHECK(report.exit == "stopped");
        CHECK(report.work_units == 0);
        CHECK(report.wall_ns == 0);
    }
}

TEST_CASE("pipe_io and futex_ping_pong switch context for their turns") {
    const auto* type = GENERATE("pipe_io", "futex_ping_pong");
    const auto outcome = run(work_of(type), 500);
    for (const auto& [number, usage] : outcome.usage) CHECK(switches(usage) > 0);
    const auto first = static_cast<std::int64_t>(outcome.reports[0].work_units);
    const auto second = static_cast<std::int64_t>(outcome.reports[1].work_units);
    CHECK(std::abs(first - second) <= 1); // they take turns
}

TEST_CASE("pipe_io sleeps for each byte") {
    const auto outcome = run(work_of("pipe_io"), 500);
    std::uint64_t sleeps = 0;
    for (const auto& [number, usage] : outcome.usage) sleeps += static_cast<std::uint64_t>(usage.ru_nvcsw);
    CHECK(sleeps >= 250);
}

TEST_CASE("page_fault_churn takes a fault for every page of every mapping") {
    const auto outcome = run(work_of("page_fault_churn"), 20);
    CHECK(static_cast<std::uint64_t>(outcome.usage.at(0).ru_minflt) >= 20 * 64); // 256 KiB in pages of 4 KiB
}

TEST_CASE("fork_exit has children, and their time is its own") {
    const auto outcome = run(work_of("fork_exit"), 20);
    CHECK(static_cast<std::uint64_t>(outcome.usage.at(0).ru_minflt) > 20); // each child copies pages
    CHECK(outcome.reports[0].cpu_ns > 0);
}

TEST_CASE("idle_churn and timer_latency sleep once per unit") {
    const auto* type = GENERATE("idle_churn", "timer_latency");
    const auto outcome = run(work_of(type), 50);
    CHECK(static_cast<std::uint64_t>(outcome.usage.at(0).ru_nvcsw) >= 50);
}

TEST_CASE("bursty uses about its burst of CPU time per unit, and sleeps in between") {
    const auto outcome = run(work_of("bursty"), 10);
    CHECK(outcome.reports[0].cpu_ns >= 10 * 2'000'000ULL * 9 / 10);
    CHECK(static_cast<std::uint64_t>(outcome.usage.at(0).ru_nvcsw) >= 10);
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

TEST_CASE("memory_hog touches more memory with every unit") {
    plan::Work work = work_of("memory_hog");
    work.parameters["step"] = std::int64_t{64 * 1024};
    const auto outcome = run(work, 32);
    CHECK(outcome.usage.at(0).ru_maxrss >= 32 * 64); // KiB
}

TEST_CASE("a worker whose partner is gone still stops") {
    const auto* type = GENERATE("pipe_io", "futex_ping_pong", "mutex_contention");
    Running running(work_of(type));
    running.run_until_each_has(1);
    ::kill(running.pool.workers().at(0).pid, SIGKILL);
    while (!running.pool.workers().at(0).ended) {
        ::usleep(500);
        running.reap();
    }
    const auto reports = running.stop();
    CHECK(reports.at(0).exit == "signal 9 (Killed)");
    for (std::size_t i = 1; i < reports.size(); ++i) CHECK(reports[i].exit == "stopped");
}

TEST_CASE("a killed worker's counts survive it") {
    Running running(work_of("spin_wait"));
    running.run_until_each_has(10);
    ::kill(running.pool.workers().at(0).pid, SIGSEGV);
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

TEST_CASE("what a worker leaves behind in its process group is gone after it") {
    Running running(work_of("fork_exit"));
    running.run_until_each_has(5);
    const pid_t group = running.pool.workers().at(0).pid;
    running.stop();
    while (::kill(-group, 0) == 0) {
        ::usleep(1000); // a killed child of the group is there until its new parent has reaped it
        running.reap();
    }
    CHECK(errno == ESRCH);
}

TEST_CASE("an affinity is taken as far as it exists, and refused where there is nothing of it") {
    Running running(work_of("idle_churn"));
    const pid_t pid = running.pool.workers().at(0).pid;
    CHECK(apply_affinity(pid, plan::CpuSet::range(0, 0)).ok());
    const auto refused = apply_affinity(pid, plan::CpuSet::range(500, 501));
    REQUIRE(!refused.ok());
    CHECK_THAT(refused.error().text(), ContainsSubstring("500-501") && ContainsSubstring("cpuset"));
    CHECK(apply_affinity(pid, {}).ok());
}

TEST_CASE("workers and groups of a plan are counted over backdrop and steps") {
    plan::Plan plan;
    plan::AddCgroup add;
    add.spec.works = {work_of(*plan::find_work_type("pipe_io"), 3), work_of("spin_wait")};
    plan.backdrop.push_back({add, {}});
    plan::Step step;
    step.ops = {{plan::Spawn{"", work_of(*plan::find_work_type("mutex_contention"), 2)}, {}}};
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
