// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/record.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "interp/plan/latencies.h"

using namespace ktstr::plan;

namespace {

WorkerReport report_with(std::size_t samples) {
    WorkerReport report;
    report.cgroup = "hot";
    Latency latency{.name = "wake_latency", .seen = 2 * samples, .dropped = samples};
    for (std::size_t i = 0; i < samples; ++i) latency.kept_ns.push_back((1ULL << 40U) + i);
    report.latencies = {latency};
    return report;
}

std::size_t encoded_bytes(const WorkerReport& report) { return nlohmann::json::to_cbor(to_json(report)).size(); }

std::string refusal(const WorkerReport& report, const std::string& field, const nlohmann::json& value) {
    auto json = to_json(report);
    json["latencies"][0][field] = value;
    const auto read = worker_report_from_json(json);
    return read ? "" : read.error().message;
}

} // namespace

TEST_CASE("a worker's report of ordinary size stays as it is") {
    const auto report = bounded(report_with(1024));
    CHECK(report.truncated.empty());
    CHECK(report.latencies[0].kept_ns.size() == 1024);
}

TEST_CASE("a worker's report is encoded in 64 KiB at most, and says what it left out") {
    const auto report = bounded(report_with(100'000));
    CHECK(encoded_bytes(report) <= max_worker_report_bytes);
    CHECK(encoded_bytes(report) > max_worker_report_bytes / 4);
    CHECK(report.truncated == "samples of its latencies were left out: a report has 64 KiB at most");
    const auto& latency = report.latencies[0];
    CHECK(latency.seen == 200'000);
    CHECK(latency.dropped + latency.kept_ns.size() == latency.seen);
    CHECK(latency.kept_ns.front() < (1ULL << 40U) + 1000);
    CHECK(latency.kept_ns.back() > (1ULL << 40U) + 99'000);
    const auto read = worker_report_from_json(to_json(report));
    REQUIRE(read);
    CHECK(read->truncated == report.truncated);
}

TEST_CASE("long texts of a worker's report are cut at a whole character") {
    WorkerReport report = report_with(10);
    report.exit = "x";
    for (int i = 0; i < 40'000; ++i) report.exit += "\u00e4";
    report.exit += std::string(30'000, 'y');
    report = bounded(report);
    CHECK(encoded_bytes(report) <= max_worker_report_bytes);
    CHECK(report.truncated == "the ends of long texts were left out: a report has 64 KiB at most");
    CHECK(report.exit.size() == 1023);
    CHECK(report.latencies[0].kept_ns.size() == 10);
}

TEST_CASE("a report whose samples are not as many as it says is refused") {
    const auto report = report_with(4);
    CHECK(refusal(report, "seen", 8).empty());
    CHECK(refusal(report, "seen", 9) ==
          "worker_report.latencies[0].kept_ns does not have as many values as were seen and not dropped");
    CHECK(refusal(report, "dropped", 9) ==
          "worker_report.latencies[0].kept_ns does not have as many values as were seen and not dropped");
    CHECK(refusal(report, "kept_ns", {1, 2, 3, -4}) ==
          "worker_report.latencies[0].kept_ns[3] is not an integer in range");
    CHECK(refusal(report, "kept_ns", {1, 2, 3, "x"}) ==
          "worker_report.latencies[0].kept_ns[3] is not an integer in range");
}

TEST_CASE("the record says what the guest's clocks are worth") {
    Record record;
    CHECK(record.clock().empty());
    record.accelerator = "tcg";
    CHECK(record.clock() == "emulated");
    CHECK(to_json(record)["clock"] == "emulated");
    record.accelerator = "kvm";
    CHECK(record.clock() == "virtual");
    record.accelerator = "host";
    CHECK(record.clock() == "native");
}

TEST_CASE("a quantile takes as many samples as leave one beyond it, and ten at least") {
    CHECK(samples_needed(0.5) == 10);
    CHECK(samples_needed(0.9) == 10);
    CHECK(samples_needed(0.95) == 20);
    CHECK(samples_needed(0.99) == 100);
    CHECK(samples_needed(0.999) == 1000);
    CHECK(samples_needed(0.9999) == 10'000);
    CHECK(samples_needed(1) == 1);
}

TEST_CASE("merged latencies are worth fewer samples, the less even their weights are") {
    MergedLatencies even;
    even.add(1000, 5, std::vector<std::uint64_t>(100, 5));
    even.add(1000, 5, std::vector<std::uint64_t>(100, 5));
    CHECK(even.samples() == 200);
    CHECK(even.seen() == 2000);
    MergedLatencies uneven;
    uneven.add(1'000'000, 5, std::vector<std::uint64_t>(100, 5));
    uneven.add(10, 9, std::vector<std::uint64_t>(10, 9));
    CHECK(uneven.samples() == 100);
    CHECK(uneven.quantile(0.99) == 5);
    CHECK(uneven.longest() == 9);
    CHECK_FALSE(MergedLatencies().longest());
    CHECK_FALSE(MergedLatencies().quantile(0.5));
}

TEST_CASE("a quantile of merged latencies is the one that sorting finds, whatever their weights and order are") {
    std::mt19937 engine(7);
    for (int round = 0; round < 200; ++round) {
        MergedLatencies merged;
        std::vector<std::pair<std::uint64_t, double>> all;
        const unsigned parts = 1 + engine() % 4;
        for (unsigned i = 0; i < parts; ++i) {
            std::vector<std::uint64_t> kept(10 + engine() % 90);
            for (auto& ns : kept) ns = engine() % 50;
            const unsigned weight = 1 + engine() % 3;
            merged.add(kept.size() * weight, 100, kept);
            for (const auto ns : kept) all.emplace_back(ns, weight);
        }
        std::sort(all.begin(), all.end());
        for (const double part : {0.01, 0.5, 0.75, 0.9}) {
            if (merged.samples() < samples_needed(part)) continue;
            double passed = 0;
            const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) {
                passed += one.second;
                return passed >= part * static_cast<double>(merged.seen()) * (1 - 1e-9);
            });
            CAPTURE(round, part);
            CHECK(merged.quantile(part) == static_cast<double>(found->first));
        }
    }
}
