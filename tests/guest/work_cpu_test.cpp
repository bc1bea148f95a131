// SPDX-License-Identifier: GPL-2.0-only
// What work types of the categories cpu, sleep, cache, memory and compound show to those who watch from outside.
#include <unistd.h>

#include <csignal>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/guest/running.h"

using Catch::Matchers::ContainsSubstring;
using namespace ktstr;
using namespace ktstr::guest;
using namespace ktstr::test;

TEST_CASE("spin_wait and alu_hot never sleep and never enter the kernel for anything") {
    const auto* type = GENERATE("spin_wait", "alu_hot");
    Running running(work_of(type));
    running.run_until_each_has(20);
    const auto before = proc_number(running.pid(0), "status", "voluntary_ctxt_switches");
    REQUIRE(comes_true([&] { return running.units(0) >= 200; }));
    CHECK(proc_number(running.pid(0), "status", "voluntary_ctxt_switches") == before);
    CHECK(proc_field(running.pid(0), "status", "State").starts_with("R"));
}

TEST_CASE("alu_hot computes in as many chains as its width says") {
    for (std::int64_t width = 1; width <= 8; ++width) {
        INFO(width);
        CHECK(run(work_of("alu_hot", 1, {{"width", width}}), 5).reports.size() == 1);
    }
}

TEST_CASE("two workers of yield_heavy, mixed or cache_yield on one CPU make way for each other, and never sleep") {
    const auto* type = GENERATE("yield_heavy", "mixed", "cache_yield");
    plan::Work work = work_of(type, 2);
    work.affinity = {plan::Affinity::Kind::exact, plan::CpuSet({0}), 0};
    if (work.work_type == "mixed") work.parameters["spin"] = std::int64_t{20'000};
    Running running(work);
    running.run_until_each_has(1);
    const auto sleeps = proc_number(running.pid(0), "status", "voluntary_ctxt_switches");
    REQUIRE(comes_true([&] { return running.units(0) >= 2000 && running.units(1) >= 2000; }));
    CHECK(proc_number(running.pid(0), "status", "voluntary_ctxt_switches") == sleeps);
    running.stop();
    CHECK(running.usage.at(0).ru_nivcsw + running.usage.at(1).ru_nivcsw >= 500);
}

TEST_CASE("smt_sibling_spin has its pair on the two threads of one core, each on its own") {
    if (::sysconf(_SC_NPROCESSORS_ONLN) < 2) return;
    Running running(work_of("smt_sibling_spin"));
    CHECK(proc_field(running.pid(0), "status", "Cpus_allowed_list") == "0");
    CHECK(proc_field(running.pid(1), "status", "Cpus_allowed_list") == "1");
    running.run_until_each_has(20);
    for (const auto& report : running.stop()) CHECK(report.migrations == 0);
}

TEST_CASE("smt_sibling_spin is refused without sibling threads, and with an affinity") {
    auto pool = WorkerPool::create(2, 1, AffinityResolver({1, 1, 4, 1, {}}, 1));
    REQUIRE(pool.ok());
    plan::Work work = work_of("smt_sibling_spin");
    const Placement placement{.allowed = plan::CpuSet::range(0, 3)};
    auto spawned = pool->spawn(work, placement);
    REQUIRE(!spawned.ok());
    CHECK_THAT(spawned.error().text(), ContainsSubstring("2 threads per core"));
    for (const auto& worker : pool->workers()) ::kill(worker.pid, SIGKILL);
    work.affinity.kind = plan::Affinity::Kind::random;
    spawned = pool->spawn(work, placement);
    REQUIRE(!spawned.ok());
    CHECK_THAT(spawned.error().text(), ContainsSubstring("places its pairs itself"));
}

TEST_CASE("ipc_variance computes for both halves of its cycle, the slow one in all of its buffer") {
    Running running(work_of("ipc_variance", 1, {{"size", std::int64_t{16 << 20}}}));
    running.run_until_each_has(10);
    CHECK(proc_number(running.pid(0), "status", "VmRSS") >= 16 * 1024); // KiB
    const auto reports = running.stop();
    CHECK(reports[0].cpu_ns >= 10 * 2'000'000ULL * 9 / 10);
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

TEST_CASE("irq_wake is woken by a timer of its rate") {
    Running running(work_of("irq_wake", 1, {{"rate", 500.0}}));
    running.run_until_each_has(10);
    bool armed = false;
    for (int fd = 0; fd < 64; ++fd)
        armed = armed || proc_field(running.pid(0), "fdinfo/" + std::to_string(fd), "it_interval") == "(0, 2000000)";
    CHECK(armed);
    const auto sleeps = proc_number(running.pid(0), "status", "voluntary_ctxt_switches");
    const auto units = running.units(0);
    REQUIRE(comes_true([&] { return running.units(0) >= units + 20; }));
    CHECK(proc_number(running.pid(0), "status", "voluntary_ctxt_switches") > sleeps);
}

TEST_CASE("cache_pressure and cache_yield have all of their buffer in memory") {
    const auto* type = GENERATE("cache_pressure", "cache_yield");
    Running running(work_of(type, 1, {{"size", std::int64_t{8 << 20}}}));
    running.run_until_each_has(130); // 1024 lines of 64 bytes each
    CHECK(proc_number(running.pid(0), "status", "VmRSS") >= 8 * 1024);
}

TEST_CASE("page_fault_churn takes a fault for every page of every mapping") {
    const auto outcome = run(work_of("page_fault_churn"), 20);
    CHECK(static_cast<std::uint64_t>(outcome.usage.at(0).ru_minflt) >= 20 * 64); // 256 KiB in pages of 4 KiB
}

TEST_CASE("memory_hog touches more memory with every unit") {
    plan::Work work = work_of("memory_hog");
    work.parameters["step"] = std::int64_t{64 * 1024};
    const auto outcome = run(work, 32);
    CHECK(outcome.usage.at(0).ru_maxrss >= 32 * 64); // KiB
}

TEST_CASE("sequence goes through all of its phases: it computes, sleeps and writes to the disk") {
    const std::vector<plan::WorkPhase> phases = {
        {"spin", 2'000'000}, {"sleep", 100'000}, {"yield", 100'000}, {"io", 100'000}, {"alu", 2'000'000}};
    Running running(work_of("sequence", 1, {{"phases", phases}}));
    running.run_until_each_has(10);
    CHECK(proc_number(running.pid(0), "io", "syscw") >= 10);
    const auto reports = running.stop();
    CHECK(running.usage.at(0).ru_nvcsw >= 10);
    CHECK(reports[0].cpu_ns >= 10 * 4'000'000ULL * 9 / 10);
}

TEST_CASE("sequence without io opens no disk") {
    Running running(work_of("sequence"));
    running.run_until_each_has(5);
    for (const auto& target : descriptors_of(running.pid(0))) CHECK(target.find("/disk") == std::string::npos);
    running.stop();
    CHECK(running.usage.at(0).ru_nvcsw >= 5);
}
