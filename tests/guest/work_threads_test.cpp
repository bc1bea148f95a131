// SPDX-License-Identifier: GPL-2.0-only
// Workers that are threads of one process, as the host's /proc shows them.
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <csignal>
#include <filesystem>
#include <set>

#include "tests/guest/running.h"

using Catch::Matchers::ContainsSubstring;
using namespace ktstr;
using namespace ktstr::test;

namespace fs = std::filesystem;

namespace {

plan::Work threads_of(const std::string& type, int groups = 1, const plan::WorkParameters& parameters = {}) {
    plan::Work work = work_of(type, groups, parameters);
    work.threads = true;
    return work;
}

std::set<pid_t> tasks_of(pid_t pid) {
    std::set<pid_t> tasks;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task"))
        tasks.insert(std::stoi(entry.path().filename()));
    return tasks;
}

std::string name_of(pid_t pid, pid_t tid) {
    const auto content = read_file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/comm");
    REQUIRE(content.ok());
    return content->substr(0, content->size() - 1);
}

} // namespace

TEST_CASE("workers that are threads are tasks of one process, each with its own id in the report") {
    Running running(threads_of("spin_wait", 3));
    const pid_t pid = running.pid(0);
    std::set<pid_t> expected{pid};
    for (const auto& worker : running.pool.workers()) {
        CHECK(worker.pid == pid);
        CHECK(worker.slot->iterations == 0); // before the common start
        expected.insert(worker.tid);
    }
    CHECK(expected.size() == 4);
    CHECK(tasks_of(pid) == expected);
    running.run_until_each_has(5);
    for (const auto& report : running.stop()) {
        CHECK(report.pid == pid);
        CHECK(expected.contains(report.tid));
        CHECK(report.tid != pid);
        CHECK(report.exit == "stopped");
        CHECK(report.work_units >= 5);
        CHECK(report.cpu_ns > 0);
        CHECK(report.cpus.size() >= 1);
    }
}

TEST_CASE("name, policy, nice value, affinity and memory policy are of each thread; pcomm names the process") {
    plan::Work work = threads_of("spin_wait", 2);
    work.comm = "request";
    work.pcomm = "server";
    work.policy = plan::Policy::batch;
    work.nice = 7;
    work.affinity = {plan::Affinity::Kind::exact, plan::CpuSet::range(0, 0), 0};
    work.memory_policy = plan::MemoryPolicy{plan::MemoryPolicy::Mode::bind, plan::CpuSet::range(0, 0)};
    Running running(work);
    const pid_t pid = running.pid(0);
    CHECK(name_of(pid, pid) == "server");
    CHECK(::sched_getscheduler(pid) == SCHED_OTHER);
    for (const auto& worker : running.pool.workers()) {
        CHECK(name_of(pid, worker.tid) == "request");
        CHECK(::sched_getscheduler(worker.tid) == SCHED_BATCH);
        CHECK(::getpriority(PRIO_PROCESS, static_cast<id_t>(worker.tid)) == 7);
        cpu_set_t set;
        REQUIRE(::sched_getaffinity(worker.tid, sizeof(set), &set) == 0);
        CHECK(CPU_COUNT(&set) == 1);
        CHECK(CPU_ISSET(0, &set));
        const auto maps =
            read_file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(worker.tid) + "/numa_maps");
        if (maps && !maps->empty()) CHECK_THAT(*maps, ContainsSubstring("bind:0"));
    }
    CHECK(running.stop().size() == 2);
}

TEST_CASE("user and group are those of the process with all of its threads") {
    if (::geteuid() != 0)
        SUCCEED("only root can become another user");
    else {
        plan::Work work = threads_of("spin_wait", 2);
        work.uid = 1234;
        work.gid = 4321;
        Running running(work);
        const pid_t pid = running.pid(0);
        for (const pid_t task : tasks_of(pid)) {
            CHECK_THAT(proc_field(pid, "task/" + std::to_string(task) + "/status", "Uid"),
                       ContainsSubstring("1234\t1234\t1234"));
            CHECK_THAT(proc_field(pid, "task/" + std::to_string(task) + "/status", "Gid"),
                       ContainsSubstring("4321\t4321\t4321"));
        }
        for (const auto& report : running.stop()) CHECK(report.exit == "stopped");
    }
}

TEST_CASE("every work type that may be one works as threads, and stops when told to") {
    for (const auto& type : plan::work_types()) {
        if (type.process_only || type.name == "memory_hog" || !host_permits(type.name)) continue;
        DYNAMIC_SECTION(type.name) {
            plan::Work work = work_of(type.name, type.name == "smt_sibling_spin" ? 1 : 2); // a host of 2 CPUs will do
            work.threads = true;
            const auto outcome = run(work, 2);
            CHECK(outcome.reports.size() == static_cast<std::size_t>(work.workers));
        }
    }
}

TEST_CASE("a crash of the process ends the workers of all its threads with its reason") {
    Running running(threads_of("spin_wait", 3));
    running.run_until_each_has(1);
    ::kill(running.pid(0), SIGSEGV);
    running.wait_for_end_of(0);
    const auto reports = running.stop();
    REQUIRE(reports.size() == 3);
    for (const auto& report : reports) {
        CHECK(report.exit == "signal 11 (Segmentation fault)");
        CHECK(report.work_units >= 1);
    }
}

TEST_CASE("a thread that fails ends alone, with its reason") {
    plan::Work work = threads_of(
        "custom", 2, {{"program", std::string("spin(1000) unit() if member() == 0 then error('enough') end")}});
    work.parameters["members"] = std::int64_t{2};
    work.workers = 2;
    Running running(work);
    running.start();
    CHECK(comes_true([&] { return running.pool.workers()[0].slot->ended == 1 && running.units(1) >= 10; }));
    const auto reports = running.stop();
    REQUIRE(reports.size() == 2);
    CHECK(reports[0].exit == "error: program:1: enough");
    CHECK(reports[0].work_units == 1);
    CHECK(reports[1].exit == "stopped");
}

TEST_CASE("what keeps the process from starting is the reason of all its workers") {
    plan::Work work = threads_of("spin_wait", 2);
    work.uid = 4294967295U; // that of nobody: the kernel does not set it
    Running running(work);
    running.start();
    running.wait_for_end_of(1);
    for (const auto& report : running.stop()) CHECK_THAT(report.exit, ContainsSubstring("error: cannot"));
}

TEST_CASE("threads that never started stop too") {
    Running running(threads_of("pipe_io", 2));
    for (const auto& report : running.stop()) {
        CHECK(report.exit == "stopped");
        CHECK(report.work_units == 0);
    }
}
