// SPDX-License-Identifier: GPL-2.0-only
#include "report/observed.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.h"

namespace ktstr::report {

namespace {

using nlohmann::json;

plan::Snapshot captured(const json& state) {
    plan::Snapshot snapshot{.name = "now", .trigger = "op", .at_ns = 5, .step = 1};
    snapshot.state = std::make_shared<const json>(state);
    return snapshot;
}

} // namespace

TEST_CASE("the monitor's summary has least, most, mean and last, and the rate of what counts") {
    plan::Monitor monitor;
    monitor.interval_ns = 100;
    monitor.names = {"imbalance", "run_delay"};
    monitor.absent = {{"load", "no such member"}};
    monitor.samples = {{0, 0, {1, 100}}, {500'000'000, 0, {NAN, 200}}, {1'000'000'000, 1, {4, 400}}};
    const json summary = monitor_summary(monitor);
    CHECK(summary["samples"] == 3);
    CHECK(summary["absent"]["load"] == "no such member");
    CHECK(summary["values"]["imbalance"] ==
          json({{"samples", 2}, {"min", 1.0}, {"max", 4.0}, {"mean", 2.5}, {"last", 4.0}}));
    CHECK(summary["values"]["run_delay"]["per_second"] == 300.0);
    monitor.samples.clear();
    CHECK(monitor_summary(monitor)["values"]["imbalance"] == json({{"samples", 0}}));
}

TEST_CASE("what was observed is in a file beside the record, and an older one does not outlive it") {
    auto folder = TemporaryDirectory::create("ktstr-observed-");
    REQUIRE(folder.ok());
    plan::Record record;
    record.snapshots = {captured({{"maps", json::array()}}), {.name = "late", .trigger = "op", .reason = "gone"}};
    const auto written = write_observed(folder->path(), "s-1", record);
    REQUIRE(written.ok());
    CHECK(*written == "s-1.observed.json");
    const json observed = json::parse(read_file(folder->path() / *written).value());
    CHECK(observed["snapshots"][0]["placeholder"] == false);
    CHECK(observed["snapshots"][1]["placeholder"] == true);
    CHECK(observed["snapshots"][1]["reason"] == "gone");
    CHECK(snapshot_list(record)[1]["reason"] == "gone");
    record.snapshots.clear();
    CHECK(write_observed(folder->path(), "s-1", record).value().empty());
    CHECK_FALSE(std::filesystem::exists(folder->path() / "s-1.observed.json"));
}

TEST_CASE("a snapshot in a report is the live scheduler's numbers and where the CPUs were") {
    const auto snapshot = captured(
        {{"variables",
          {{{"name", "nr_runs"}, {"live", true}, {"value", 104}},
           {{"name", "armed"}, {"live", true}, {"value", false}},
           {{"name", "other"}, {"live", false}, {"value", 1}},
           {{"name", "stats"}, {"live", true}, {"value", {{"a", 1}}}}}},
         {"registers", {{{"cpu", 0}, {"rip", "0x1"}, {"symbol", "do_idle+0x1f"}}, {{"cpu", 1}, {"rip", "0x2"}}}}});
    CHECK(snapshot_lines(snapshot, 100) ==
          std::vector<std::string>{"nr_runs 104   armed false", "CPU 0 at do_idle+0x1f", "CPU 1 at 0x2"});
    CHECK(snapshot_lines(snapshot, 12) ==
          std::vector<std::string>{"nr_runs 104", "armed false", "CPU 0 at do_idle+0x1f", "CPU 1 at 0x2"});
    CHECK(snapshot_lines({.name = "none"}, 100).empty());
}

} // namespace ktstr::report
