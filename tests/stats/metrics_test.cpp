// SPDX-License-Identifier: GPL-2.0-only
#include "stats/metrics.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "stats/measured.h"

using namespace ktstr;
using namespace ktstr::stats;

namespace {

double value_of(const std::vector<Value>& values, const MetricTable& metrics, std::string_view name) {
    for (const auto& [id, value] : values)
        if (metrics[id].name == name) return value;
    FAIL("there is no metric " << name);
    return 0;
}

plan::WorkerReport worker(std::uint64_t units, std::uint64_t gap_ns) {
    plan::WorkerReport worker;
    worker.work_type = "spin_wait";
    worker.work_units = units;
    worker.iterations = 2 * units;
    worker.wall_ns = 2'000'000'000;
    worker.cpu_ns = 500'000'000;
    worker.migrations = 4;
    worker.longest_gap_ns = gap_ns;
    worker.run_delay_ns = 3'000'000;
    worker.timeslices = 6;
    return worker;
}

} // namespace

TEST_CASE("Each definition has a name of its own, and a metric that is judged has a gate") {
    std::set<std::string> names;
    for (const auto& definition : definitions()) {
        CHECK(names.insert(definition.name).second);
        CHECK_FALSE(definition.summary.empty());
        if (definition.better != Polarity::none) CHECK(definition.relative_gate > 0);
    }
}

TEST_CASE("A metric falls under the most special definition") {
    CHECK(definition_of("worst_gap_ms").name == "worst_gap_ms");
    CHECK(definition_of("latency.wake_latency.p99_ns").name == "latency.NAME.p99_ns");
    CHECK(definition_of("monitor.imbalance.mean").name == "monitor.imbalance.mean");
    CHECK(definition_of("monitor.load.mean").name == "monitor.NAME.mean");
    CHECK(definition_of("program.ktstr_enqueue.verified_insns").name == "program.NAME.verified_insns");
    CHECK(definition_of("payload.fio.jobs.0.read.iops").name == "payload.NAME.METRIC");
    CHECK(definition_of("payload.fio.max_ns").name == "payload.NAME.METRIC");
}

TEST_CASE("A kind says how the values of several runs become one") {
    const std::vector<double> values = {1, 5, 3};
    CHECK(aggregate(Kind::counter, values) == 9);
    CHECK(aggregate(Kind::peak, values) == 5);
    for (const Kind kind : {Kind::gauge, Kind::rate, Kind::ratio}) CHECK(aggregate(kind, values) == 3);
}

TEST_CASE("What workers have done becomes metrics of the scenario") {
    MetricTable metrics;
    Measured measured(metrics);
    measured.add_workers({worker(100, 5'000'000), worker(300, 80'000'000)});
    const auto values = measured.take();
    const auto seen = [&](std::string_view name) { return value_of(values, metrics, name); };
    CHECK(seen("work_units_per_s") == 200);
    CHECK(seen("iterations_per_s") == 400);
    CHECK(seen("worst_spread") == 1);
    CHECK(seen("worst_gap_ms") == 80);
    CHECK(seen("migrations") == 8);
    CHECK(seen("migrations_per_s") == 4);
    CHECK(seen("run_delay_per_timeslice_ns") == 500'000);
    CHECK(seen("off_cpu_ratio") == 0.75);
    CHECK(seen("timeslices_per_s") == 6);
}

TEST_CASE("Latencies of all workers of one name are merged, and quantiles that too few samples bear are left out") {
    MetricTable metrics;
    Measured measured(metrics);
    auto one = worker(1, 0);
    plan::Latency latency;
    latency.name = "wake_latency";
    latency.seen = 20;
    latency.max_ns = 5'000;
    for (std::uint64_t ns = 1; ns <= 20; ++ns) latency.kept_ns.push_back(ns * 100);
    one.latencies.push_back(latency);
    measured.add_workers({one, one});
    const auto values = measured.take();
    CHECK(value_of(values, metrics, "latency.wake_latency.p50_ns") == 1'000);
    CHECK(value_of(values, metrics, "latency.wake_latency.max_ns") == 5'000);
    CHECK(std::none_of(metrics.all().begin(), metrics.all().end(),
                       [](const Metric& metric) { return metric.name == "latency.wake_latency.p99_ns"; }));
}

TEST_CASE("Of a BPF program that was loaded twice the most instructions count, and the runs together") {
    MetricTable metrics;
    Measured measured(metrics);
    plan::BpfProgram first{
        .callback = "enqueue", .name = "k_enqueue", .verified_insns = 40, .run_count = 10, .run_time_ns = 1000};
    plan::BpfProgram second{
        .callback = "enqueue", .name = "k_enqueue", .verified_insns = 60, .run_count = 30, .run_time_ns = 5000};
    measured.add_programs({first, second});
    const auto values = measured.take();
    CHECK(value_of(values, metrics, "program.k_enqueue.verified_insns") == 60);
    CHECK(value_of(values, metrics, "callback.enqueue.runs") == 40);
    CHECK(value_of(values, metrics, "callback.enqueue.mean_ns") == 150);
}

TEST_CASE("A payload says what unit its metric has and which way is better, and its last run counts") {
    MetricTable metrics;
    Measured measured(metrics);
    measured.add_payload("fio", "iops", 100, "1/s", Polarity::higher);
    measured.add_payload("fio", "iops", 120, "1/s", Polarity::higher);
    const auto values = measured.take();
    REQUIRE(values.size() == 1);
    CHECK(values[0].value == 120);
    CHECK(metrics[values[0].metric].better == Polarity::higher);
    CHECK(metrics[values[0].metric].unit == "1/s");
}

TEST_CASE("What is not finite is no value of a metric") {
    MetricTable metrics;
    Measured measured(metrics);
    measured.add("duration_ms", INFINITY);
    CHECK(measured.take().empty());
}
