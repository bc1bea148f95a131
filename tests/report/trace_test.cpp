// SPDX-License-Identifier: GPL-2.0-only
#include "report/trace.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "report/sidecar.h"
#include "report/stored.h"

namespace ktstr::report {

namespace {

using nlohmann::json;

ScenarioResult made_run() {
    ScenarioResult result;
    result.plan.scenario = "made";
    plan::Record& record = result.record;
    record.events = {
        {.at_ns = 0, .kind = "step_start", .step = 0, .step_name = "one"},
        {.at_ns = 1'000'000, .kind = "op", .step = 0, .op = "freeze_cgroup", .detail = "hot", .work_units = 500},
        {.at_ns = 2'000'000, .kind = "step_end", .step = 0, .step_name = "one", .work_units = 1000}};
    plan::WorkerReport worker;
    worker.cgroup = "hot";
    worker.work = "spin";
    worker.work_type = "spin_wait";
    worker.wall_ns = 2'000'000;
    worker.longest_gap_ns = 300'000;
    worker.longest_gap_at_ns = 900'000;
    record.workers = {worker};
    plan::Snapshot snapshot{.name = "now", .trigger = "op", .at_ns = 1'500'000, .step = 0, .stopped_ms = 4};
    snapshot.state = std::make_shared<const json>(
        json{{"variables", {{{"name", "nr_runs"}, {"live", true}, {"value", 9}}}}, {"maps", json::array()}});
    record.snapshots = {snapshot};
    record.monitor.names = {"imbalance"};
    record.monitor.samples = {{100'000, 0, {2.5}}};
    return result;
}

json made_observed(const plan::Record& record) {
    return {{"snapshots", {to_json(record.snapshots[0])}}, {"monitor", to_json(record.monitor)}};
}

const json& find(const json& trace, const std::string& phase, const std::string& name) {
    for (const auto& event : trace["traceEvents"])
        if (event["ph"] == phase && event["name"] == name) return event;
    FAIL("no event " << phase << " " << name);
    return trace;
}

} // namespace

TEST_CASE("a trace has the run's parts on one time axis, in microseconds") {
    const auto result = made_run();
    const auto trace = trace_of(sidecar_json(result, {}), made_observed(result.record));
    REQUIRE(trace.ok());
    CHECK(find(*trace, "X", "one")["dur"] == 2000.0);
    CHECK(find(*trace, "i", "freeze_cgroup")["ts"] == 1000.0);
    CHECK(find(*trace, "X", "spin_wait")["dur"] == 2000.0);
    CHECK(find(*trace, "X", "longest gap")["ts"] == 600.0);
    CHECK(find(*trace, "X", "now")["dur"] == 4000.0);
    CHECK(find(*trace, "C", "nr_runs")["args"]["value"] == 9);
    CHECK(find(*trace, "C", "imbalance")["args"]["value"] == 2.5);
    CHECK(find(*trace, "C", "work units per second")["args"]["value"] == 500'000.0);
    CHECK((*trace)["otherData"]["scenario"] == "made");
}

TEST_CASE("a run of which nothing was observed has a trace all the same") {
    const auto trace = trace_of(sidecar_json(made_run(), {}), json());
    REQUIRE(trace.ok());
    CHECK(find(*trace, "X", "one")["dur"] == 2000.0);
}

TEST_CASE("a stored run has all that was observed") {
    const auto stored = read_stored(std::filesystem::path(KTSTR_DATA) / "moves.ktstr.json");
    REQUIRE(stored.ok());
    CHECK(stored->incomplete.empty());
    const auto& record = stored->run.record;
    REQUIRE(record.snapshots.size() == 10);
    CHECK(record.monitor.samples.size() == 70);
    for (const auto& snapshot : record.snapshots) {
        REQUIRE(snapshot.state);
        CHECK(snapshot.state->at("variables").size() == 17);
        CHECK(snapshot.state->contains("maps"));
    }
}

TEST_CASE("what is no record, of another version or damaged is refused with a reason") {
    CHECK(trace_of(json::array(), json()).error().message == "this is no record of a run");
    json record = sidecar_json(made_run(), {});
    record["sidecar_version"] = 99;
    CHECK(trace_of(record, json()).error().message.find("version 99") != std::string::npos);
    record = sidecar_json(made_run(), {});
    record["workers"][0]["wall_ns"] = "long";
    CHECK(trace_of(record, json()).error().message.find("the record is damaged") != std::string::npos);
    auto folder = TemporaryDirectory::create("ktstr-trace-");
    REQUIRE(folder.ok());
    record = sidecar_json(made_run(), {});
    record["observed_file"] = "../secret.json";
    REQUIRE(write_file(folder->path() / "r.ktstr.json", record.dump()).ok());
    CHECK(trace_of_file(folder->path() / "r.ktstr.json").error().message.find("is not beside it") != std::string::npos);
    CHECK_FALSE(trace_of_file(folder->path() / "none.ktstr.json").ok());
}

} // namespace ktstr::report
