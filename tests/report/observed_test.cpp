// SPDX-License-Identifier: GPL-2.0-only
#include "report/observed.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "ctprof/host/file.h"

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
    monitor.names.emplace_back("program.enqueue.run_count"); // a callback that came with the last sample
    monitor.samples.back().values.push_back(7);
    CHECK(monitor_summary(monitor)["values"]["program.enqueue.run_count"]["samples"] == 1);
    monitor.samples.clear();
    CHECK(monitor_summary(monitor)["values"]["imbalance"] == json({{"samples", 0}}));
}

TEST_CASE("what was observed is in a file of its own, with the run that it belongs to, if there is anything") {
    plan::Record record;
    CHECK(observed_bytes(record, "run-1").value().empty());
    const json state = {{"maps", {{{"name", "tasks \"quoted\""}}}}, {"trigger", "made up"}, {"reason", "of the guest"}};
    record.snapshots = {captured(state), {.name = "late", .trigger = "op", .reason = "gone"}, captured(json::object())};
    const json observed = parse_observed(observed_bytes(record, "run-1").value()).value();
    CHECK(observed["run_id"] == "run-1");
    REQUIRE(observed["snapshots"].size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(observed["snapshots"][i] == to_json(record.snapshots[i]));
    CHECK(observed["snapshots"][0]["trigger"] == "op"); // what a guest has is not what the host says
    CHECK(observed["snapshots"][0]["placeholder"] == false);
    CHECK(observed["snapshots"][1]["placeholder"] == true);
    CHECK(observed["snapshots"][1]["reason"] == "gone");
    CHECK(snapshot_list(record)[1]["reason"] == "gone");
}

TEST_CASE("an observed file of a version that did not compress is read") {
    auto folder = TemporaryDirectory::create("ktstr-observed-");
    REQUIRE(folder.ok());
    const auto old = folder->path() / "s-1.observed.json";
    REQUIRE(write_file(old, R"({"observed_version": 1, "snapshots": []})").ok());
    CHECK(read_observed(old).value()["snapshots"].empty());
}

TEST_CASE("many like entries take little room") {
    json entries = json::array();
    for (int i = 0; i < 10'000; ++i)
        entries.push_back({{"key", i}, {"value", {{"vruntime", i * 1000}, {"state", {{"@enum", "RUNNING"}}}}}});
    plan::Record record;
    record.snapshots = {captured({{"maps", {{{"name", "tasks"}, {"entries", entries}}}}})};
    const auto bytes = observed_bytes(record, "run-1");
    REQUIRE(bytes.ok());
    CHECK(bytes->size() < entries.dump().size() / 5);
    CHECK(parse_observed(*bytes).value()["snapshots"][0]["maps"][0]["entries"] == entries);
}

TEST_CASE("an observed file that is damaged, nests too deep or unpacks to too much is refused with its name") {
    auto folder = TemporaryDirectory::create("ktstr-observed-");
    REQUIRE(folder.ok());
    const auto path = folder->path() / "s.observed.json.zst";
    const auto refused = [&path](const std::string& content) {
        REQUIRE(write_file(path, content).ok());
        const auto read = read_observed(path);
        REQUIRE_FALSE(read.ok());
        CHECK(read.error().message.starts_with("cannot read " + path.string() + ": "));
        return read.error().message;
    };
    const std::string whole = ctprof::compress(R"({"observed_version": 1})").value();
    (void)refused(whole.substr(0, whole.size() - 3));
    (void)refused(whole + "x");
    (void)refused("");
    (void)refused("[1, 2]");
    CHECK(refused(R"({"observed_version": 2})").ends_with("it has the version 2, and this ktstr reads version 1"));
    const std::string deep(100'000, '[');
    CHECK(refused(ctprof::compress(deep).value()).ends_with("it nests deeper than 128 levels"));
    // A GiB and more of blanks, in frames of little more than 100 KiB.
    const std::string bomb = ctprof::compress(std::string((std::size_t{1} << 30U) + 1, ' ')).value();
    CHECK(bomb.size() < (1U << 20U));
    CHECK(refused(bomb).ends_with("it unpacks to more than the 1024 MiB that are read"));
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
