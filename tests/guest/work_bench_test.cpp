// SPDX-License-Identifier: GPL-2.0-only
// The benchmarks and what they measure.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "guest/work/bench.h"
#include "tests/guest/running.h"

using namespace ktstr;
using namespace ktstr::guest;
using namespace ktstr::test;

TEST_CASE("the search for a rate takes large steps from afar, small ones near its target, and stays in bounds") {
    CHECK(next_rate(100, 0.1, 0.9) == 300);
    CHECK(next_rate(100, 0.9, 0.1) == 30);
    CHECK(next_rate(1000, 0.8, 0.8) == 1000);
    CHECK(next_rate(1000, 0.7, 0.8) > 1000);
    CHECK(next_rate(1000, 0.7, 0.8) < 1100);
    CHECK(next_rate(1, 1, 0.01) == 1);
    CHECK(next_rate(10'000'000, 0, 1) == 10'000'000);
}

TEST_CASE("schbench measures each wake-up and each request of its workers") {
    plan::Work work =
        work_of("schbench", 2, {{"operations", std::int64_t{1}}, {"cache_footprint", std::int64_t{12288}}});
    const auto outcome = run(work, 20);
    REQUIRE(outcome.reports.size() == 10);
    for (std::size_t i = 0; i < outcome.reports.size(); ++i) {
        const auto& report = outcome.reports[i];
        REQUIRE(report.latencies.size() == 2);
        CHECK(report.latencies[0].name == "wake_latency");
        CHECK(report.latencies[1].name == "request_latency");
        const bool is_message_thread = i % 5 == 0;
        CHECK(report.latencies[1].seen == (is_message_thread ? 0 : report.work_units));
        if (is_message_thread) continue;
        CHECK(report.latencies[0].seen >= report.work_units);
        CHECK(report.latencies[1].min_ns >= 100'000); // its sleep
        CHECK(report.latencies[1].p50_ns <= report.latencies[1].p99_ns);
        CHECK(outcome.voluntary_switches(static_cast<int>(i)) >= 20);
    }
}

TEST_CASE("schbench keeps to its rate of requests, and finds one for a load") {
    const bool searches = GENERATE(false, true);
    const plan::WorkParameters parameters =
        searches ? plan::WorkParameters{{"auto_rps", 0.5}} : plan::WorkParameters{{"requests", 200.0}};
    plan::Work work = work_of("schbench", 1, parameters);
    work.parameters["cache_footprint"] = std::int64_t{12288};
    const auto outcome = run(work, 2);
    std::uint64_t served = 0;
    for (std::size_t i = 1; i < outcome.reports.size(); ++i) served += outcome.reports[i].work_units;
    CHECK(served <= outcome.reports[0].work_units); // none that was not dealt out
    const std::uint64_t seconds = outcome.reports[0].wall_ns / ns_per_s + 1;
    if (!searches) CHECK(outcome.reports[0].work_units <= seconds * 200);
}

TEST_CASE("schbench in pipe mode passes messages, with locking off it computes without a lock") {
    const auto piped = run(work_of("schbench", 2, {{"pipe", std::int64_t{65536}}}), 50);
    CHECK(piped.reports[1].latencies[0].seen >= 50);
    CHECK(piped.reports[1].latencies[1].seen == 0);
    CHECK(run(work_of("schbench", 1, {{"locking", std::string("off")}, {"split", 0.5}}), 2).reports.size() == 5);
}

TEST_CASE("taobench answers requests from its cache, and misses after the backend's time") {
    const std::string loop = GENERATE("closed", "open");
    const plan::WorkParameters parameters = {{"loop", loop}, {"hits", 0.5}, {"miss", std::int64_t{2'000'000}}};
    const auto outcome = run(work_of("taobench", 1, parameters), 40);
    std::uint64_t misses = 0;
    for (std::size_t i = 1; i < outcome.reports.size(); ++i) {
        const auto& request = outcome.reports[i].latencies.at(1);
        CHECK(request.seen == outcome.reports[i].work_units);
        CHECK(request.max_ns >= 2'000'000);
        misses += outcome.reports[i].latencies.at(0).seen;
    }
    CHECK(misses > 0);
    CHECK(outcome.reports[0].work_units >= misses);
    CHECK(outcome.reports[0].work_units <= misses + 4); // clients that were stopped before they heard of it
}

TEST_CASE("an open loop counts a request from the time that it was due, so a slow backend shows in all of them") {
    const plan::WorkParameters parameters = {{"loop", std::string("open")},
                                             {"hits", 0.0},
                                             {"reads", 1.0},
                                             {"miss", std::int64_t{5'000'000}},
                                             {"requests", 4000.0}};
    const auto outcome = run(work_of("taobench", 1, parameters), 40); // 4 clients, one request per millisecond each
    for (std::size_t i = 1; i < outcome.reports.size(); ++i)
        CHECK(outcome.reports[i].latencies.at(1).max_ns >= 39 * 4'000'000ULL);
}
