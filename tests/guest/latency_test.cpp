// SPDX-License-Identifier: GPL-2.0-only
// Latencies: the sample that is kept of them, and what each work type's is.
#include "guest/work/latency.h"

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <csignal>
#include <numeric>

#include "guest/numa_pages.h"
#include "tests/guest/running.h"

using namespace ktstr;
using namespace ktstr::guest;
using namespace ktstr::test;

namespace {

plan::Latency sample_of_first(std::uint64_t count, std::uint64_t seed) {
    auto reservoir = std::make_unique<LatencyReservoir>(seed);
    for (std::uint64_t ns = 0; ns < count; ++ns) reservoir->note(ns);
    return reservoir->summary("wake_latency");
}

// Until one of its workers has been woken; what they report then.
std::vector<plan::WorkerReport> reports_after_a_wake(const plan::Work& work) {
    Running running(work);
    running.start();
    CHECK(comes_true([&] {
        const auto& workers = running.pool.workers();
        return std::any_of(workers.begin(), workers.end(), [](const WorkerProcess& worker) {
            return worker.latencies != nullptr && worker.latencies->wake.summary("").seen >= 1;
        });
    }));
    return running.stop();
}

// A worker without a process, whose ticks are nanoseconds.
struct Alone {
    WorkerSlot slot;
    plan::Work work;
    WorkerLatencies latencies{1};
    WorkerSetting setting{.work = work, .members = &slot, .latencies = &latencies};
    Worker worker{setting};
    [[nodiscard]] std::uint64_t seen() const { return latencies.wake.summary("").seen; }
};

} // namespace

TEST_CASE("up to its size a reservoir keeps every latency, and its quantiles are exact") {
    const auto none = sample_of_first(0, 1);
    CHECK(none.seen == 0);
    CHECK(none.p99_ns == 0);
    CHECK(none.kept_ns.empty());
    const auto latency = sample_of_first(1000, 1);
    CHECK(latency.seen == 1000);
    CHECK(latency.dropped == 0);
    CHECK(latency.kept_ns.size() == 1000);
    CHECK(latency.min_ns == 0);
    CHECK(latency.p50_ns == 499);
    CHECK(latency.p90_ns == 899);
    CHECK(latency.p99_ns == 989);
    CHECK(latency.p999_ns == 998);
    CHECK(latency.max_ns == 999);
}

TEST_CASE("of more latencies a reservoir keeps its size, says how many it dropped, and has their exact ends") {
    const auto latency = sample_of_first(1'000'000, 1);
    CHECK(latency.seen == 1'000'000);
    CHECK(latency.kept_ns.size() == LatencyReservoir::size);
    CHECK(latency.dropped == 1'000'000 - LatencyReservoir::size);
    CHECK(std::is_sorted(latency.kept_ns.begin(), latency.kept_ns.end()));
    CHECK(latency.min_ns == 0);
    CHECK(latency.max_ns == 999'999);
}

TEST_CASE("a reservoir's sample is uniform, whenever in the run a latency was measured") {
    // 64 seeds times 1024 samples in 16 equal parts of the run: 4096 are expected in each. Chi-square of 15 degrees of
    // freedom is above 37.7 by chance once in a thousand; the seeds are fixed, so this either holds or does not.
    std::array<double, 16> parts{};
    for (std::uint64_t seed = 0; seed < 64; ++seed)
        for (const std::uint64_t ns : sample_of_first(160'000, seed).kept_ns) ++parts.at(ns / 10'000);
    double chi_square = 0;
    for (const double count : parts) chi_square += (count - 4096) * (count - 4096) / 4096;
    CHECK(chi_square < 37.7);
}

TEST_CASE("the same seed keeps the same latencies, another one others") {
    CHECK(sample_of_first(100'000, 7).kept_ns == sample_of_first(100'000, 7).kept_ns);
    CHECK(sample_of_first(100'000, 7).kept_ns != sample_of_first(100'000, 8).kept_ns);
}

TEST_CASE("a reservoir takes the shortest and the longest of times") {
    auto reservoir = std::make_unique<LatencyReservoir>();
    reservoir->note(0);
    reservoir->note(~0ULL);
    const auto latency = reservoir->summary("wake_latency");
    CHECK(latency.p50_ns == 0);
    CHECK(latency.max_ns == 1ULL << 62U);
    CHECK(latency.kept_ns.back() == latency.max_ns);
}

TEST_CASE("a call counts from the first one after the sleeper armed it, and not from one before") {
    CallStamp stamp;
    CHECK(stamp.since(1) == 0);
    stamp.call_armed();
    const std::uint64_t first = stamp.since(1);
    CHECK(first > 0);
    stamp.call_armed();
    CHECK(stamp.since(1) == first);
    CHECK(stamp.since(first + 1) == 0);
    stamp.call_any();
    CHECK(stamp.since(1) > first);
    stamp.arm();
    CHECK(stamp.since(1) == 0);
}

TEST_CASE("a worker that was frozen since the call, or is told to stop, notes nothing") {
    Alone alone;
    CallStamp called;
    called.call_armed();
    alone.worker.note_wake(called);
    CHECK(alone.seen() == 1);
    excuse_freeze(alone.slot, ticks_now(), ticks_now() + 1'000'000'000'000);
    alone.worker.note_wake(called);
    CHECK(alone.seen() == 1);
    alone.slot.frozen_until_ticks = 0;
    alone.slot.stop = 1;
    alone.worker.note_wake(called);
    CHECK(alone.seen() == 1);
}

TEST_CASE("without telemetry a worker counts its work and notes nothing") {
    Alone alone;
    alone.setting.telemetry = false;
    Worker worker(alone.setting);
    CallStamp called;
    called.call_armed();
    worker.note_wake(called);
    worker.sleep_for(1000);
    worker.note_request(5);
    worker.pass(3);
    CHECK(alone.seen() == 0);
    CHECK(alone.slot.work_units == 3);
    CHECK(alone.slot.seen_cpus.at(0) == 0);
    CHECK(alone.slot.last_ticks == 0);
}

TEST_CASE("workers of a type that has a wake latency are woken and measure it, others report none") {
    for (const auto& type : plan::work_types()) {
        DYNAMIC_SECTION(type.name) {
            if (!host_permits(type.name) || type.name == "memory_hog") continue;
            if (plan::wake_latency_of(type.name).empty()) {
                for (const auto& report : run(work_of(type.name), 1).reports) CHECK(report.latencies.empty());
                continue;
            }
            auto work = work_of(type.name);
            if (type.name == "custom") work.parameters["program"] = std::string("sleep(1000000)");
            for (const auto& report : reports_after_a_wake(work)) {
                REQUIRE(report.latencies.size() == (type.category == plan::WorkType::Category::benchmark ? 2 : 1));
                const auto& latency = report.latencies.front();
                CHECK(latency.name == "wake_latency");
                CHECK(latency.kept_ns.size() + latency.dropped == latency.seen);
                CHECK(latency.max_ns <= report.wall_ns);
            }
        }
    }
}

TEST_CASE("a sleeper's wake latency is what it slept beyond its time") {
    const auto outcome = run(work_of("idle_churn", 1, {{"sleep", std::int64_t{20'000'000}}}), 5);
    const auto& latency = outcome.reports.at(0).latencies.at(0);
    CHECK(latency.seen >= 5);
    CHECK(latency.min_ns < 20'000'000); // not the sleep itself, even if the host is busy
    CHECK(latency.min_ns > 0);
}

TEST_CASE("work loops in Lua measure their sleeps, futexes and pipes") {
    const std::string program = GENERATE(as<std::string>{}, R"(
        local turn = futex.load(0)
        if turn % 2 == member() then futex.add(0, 1) futex.wake(0) unit() else futex.wait(0, turn) end)",
                                         R"(
        if member() == 0 then pipe.write(1, 1) pipe.read(1) else pipe.read(1) pipe.write(0, 1) end)",
                                         "sleep(1000000)");
    const auto reports =
        reports_after_a_wake(work_of("custom", 1, {{"members", std::int64_t{2}}, {"program", program}}));
    for (const auto& report : reports) CHECK(report.exit == "stopped");
}

TEST_CASE("what a killed worker has measured is reported") {
    Running running(work_of("idle_churn"));
    running.run_until_each_has(3);
    ::kill(running.pid(0), SIGKILL);
    running.wait_for_end_of(0);
    const auto report = running.stop().at(0);
    CHECK(report.exit == "signal 9 (Killed)");
    CHECK(report.latencies.at(0).seen >= 3);
}

TEST_CASE("schedstat counts from the start of the work") {
    const auto report = run(work_of("idle_churn"), 20).reports.at(0);
    CHECK(report.timeslices >= 20);
    CHECK(report.timeslices <= 2 * report.iterations + 20);
}

TEST_CASE("pages are added up by node") {
    const auto pages = sum_of_numa_maps("7f00 default anon=3 dirty=3 N0=1 N1=2 kernelpagesize_kB=4\n"
                                        "7f10 bind:1 file=/lib/N2=9 mapped=4 N1=4 kernelpagesize_kB=4\n"
                                        "7f20 default\n"
                                        "7f30 default N12=7 Nx=1 N3=");
    REQUIRE(pages.size() == 3);
    CHECK(pages[0].node == 0);
    CHECK(pages[0].pages == 1);
    CHECK(pages[1].pages == 6);
    CHECK(pages[2].node == 12);
    CHECK(sum_of_numa_maps("").empty());
}
