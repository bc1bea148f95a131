// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "interp/eval/series.h"
#include "tests/eval/observed_run.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

namespace {

eval::Series series_of(const plan::Record& record, const std::string& name) {
    auto series = eval::project(record, name);
    REQUIRE(series);
    return *series;
}

json state_of(const json& value) { return {{"variables", {variable("v", value)}}}; }

// What comes of a variable's value: its number, or why there is none.
std::string read(const json& state, const std::string& name = "bpf.v") {
    auto record = observed_record();
    add_snapshot(record, 0, state);
    const auto series = series_of(record, name);
    REQUIRE(series.size() == 1);
    if (series.slots[0] == eval::Slot::missing) return series.reasons.at(0);
    return json(series.values[0]).dump();
}

std::string read_value(const json& value, const std::string& path = "") {
    return read(state_of(value), "bpf.v" + path);
}

} // namespace

TEST_CASE("a series has a sample for each snapshot, with its tag, its time and its phase") {
    auto record = observed_record();
    add_snapshot(record, -1 * ms, state_of(1));
    add_snapshot(record, 1000 * ms, state_of(2), "asked_for");
    add_snapshot(record, 6000 * ms, state_of(3));
    const auto series = series_of(record, "bpf.v");
    CHECK(series.values == std::vector<double>{1, 2, 3});
    CHECK(series.timeline->phase == std::vector<int>{0, 1, 2});
    CHECK(series.timeline->tags[1] == "asked_for");
    CHECK(series.timeline->name_of(1) == "asked_for (+1 s)");
    CHECK(series.timeline->name_of(0) == "periodic_000 (-1 ms)");
}

TEST_CASE("samples are in the order of their times") {
    auto record = observed_record();
    add_snapshot(record, 2000 * ms, state_of(2));
    add_snapshot(record, 1000 * ms, state_of(1));
    CHECK(series_of(record, "bpf.v").values == std::vector<double>{1, 2});
}

TEST_CASE("what a C type holds becomes a number") {
    CHECK(read_value(7) == "7.0");
    CHECK(read_value(-1.5) == "-1.5");
    CHECK(read_value(true) == "1.0");
    CHECK(read_value(false) == "0.0");
    CHECK(read_value({{"@enum", "ENABLED"}, {"@value", 2}}) == "2.0");
    CHECK(read_value({{"a", {{"b", {{{"c", 4}}, {{"c", 5}}}}}}}, ".a.b[1].c") == "5.0");
    CHECK(read_value({{"@pointer", "0xff"}, {"@target", {{"id", 3}}}}, ".id") == "3.0");
    CHECK(read_value({{"list", {10, 20}}}, ".list.1") == "20.0");
}

TEST_CASE("what is no number says what it is, and what there is instead") {
    CHECK_THAT(read_value({{"a", 1}}), ContainsSubstring("'v': cannot read as a number: it is a struct"));
    CHECK_THAT(read_value({{"@pointer", "0xff"}, {"@target", {{"id", 3}}}}), ContainsSubstring("it is a pointer"));
    CHECK_THAT(read_value({{"next", {{"@pointer", "0xff"}}}}, ".next.id"),
               ContainsSubstring("'v.next' is a pointer (0xff) whose target was not captured"));
    CHECK_THAT(read_value("text"), ContainsSubstring("it is a string"));
    CHECK_THAT(read_value({{"a", {{"b", 1}}}}, ".a.c"),
               ContainsSubstring("component 'c' not found after 'v.a' (members: b)"));
    CHECK_THAT(read_value(json::array({1, 2}), "[2]"), ContainsSubstring("it has 2 elements, counted from 0"));
    CHECK_THAT(read_value(1, ".x"), ContainsSubstring("it is a number, which has no members"));
    CHECK_THAT(read_value({{"lost", {{"@absent", "the page was not mapped"}}}}, ".lost.deep"),
               ContainsSubstring("'v.lost': the page was not mapped"));
    CHECK_THAT(read(state_of(1), "bpf.other"), ContainsSubstring("no variable 'other' (captured: v)"));
    CHECK_THAT(read(json::object(), "bpf.other"), ContainsSubstring("captured: none"));
    CHECK_THAT(read_value(json::array({1}), "[99999999999999999999]"), ContainsSubstring("counted from 0"));
}

TEST_CASE("the longest name of a variable wins, and the active scheduler's of several") {
    const json variables = {
        {{"name", "stats"}, {"scheduler", "a"}, {"live", false}, {"value", {{"local", {{"n", 1}}}}}},
        {{"name", "stats.local"}, {"scheduler", "a"}, {"live", true}, {"value", {{"n", 2}}}},
        {{"name", "x"}, {"scheduler", "a"}, {"live", false}, {"value", 3}},
        {{"name", "x"}, {"scheduler", "b"}, {"live", true}, {"value", 4}},
        {{"name", "y"}, {"scheduler", "a"}, {"live", false}, {"value", 5}},
        {{"name", "y"}, {"scheduler", "b"}, {"live", false}, {"value", 6}}};
    CHECK(read({{"variables", variables}}, "bpf.stats.local.n") == "2.0");
    CHECK(read({{"variables", variables}}, "bpf.x") == "4.0");
    CHECK_THAT(read({{"variables", variables}}, "bpf.y"),
               ContainsSubstring("the variable 'y' is in several schedulers (a, b), of which none is active"));
}

TEST_CASE("stats are read by their paths, and say why they are not there") {
    CHECK(read({{"stats", {{"layers", {{{"busy", 0.5}}}}, {"a.b", 2}}}}, "stats.layers[0].busy") == "0.5");
    CHECK(read({{"stats", {{"a.b", {{"c", 2}}}}}}, "stats.a.b.c") == "2.0");
    CHECK_THAT(read({{"stats", {{"busy", 1}}}}, "stats.load"),
               ContainsSubstring("component 'load' not found (members: busy)"));
    CHECK(read({{"stats", {{"@absent", "its socket refused"}}}}, "stats.busy") == "its socket refused");
    CHECK_THAT(read(json::object(), "stats.busy"), ContainsSubstring("was not asked for its stats"));
}

TEST_CASE("CPU times are those of all CPUs together, or of one") {
    const json state = {{"cpus", {{{"cpu", 0}, {"user_ns", 10}, {"idle_ns", 1}}, {{"cpu", 2}, {"user_ns", 20}}}}};
    CHECK(read(state, "host.user_ns") == "30.0");
    CHECK(read(state, "host.cpu[2].user_ns") == "20.0");
    CHECK_THAT(read(state, "host.cpu[1].user_ns"), ContainsSubstring("no such CPU (captured: 2 CPUs"));
    CHECK_THAT(read(state, "host.idle_ns"), ContainsSubstring("component 'idle_ns' not found"));
    CHECK_THAT(read(json::object(), "host.user_ns"), ContainsSubstring("were not captured"));
}

TEST_CASE("the monitor's samples have tags of their own, and gaps where nothing could be read") {
    auto record = observed_record();
    add_monitor(record, "load", {1, std::nan(""), 2});
    const auto series = series_of(record, "monitor.load");
    CHECK(series.timeline->tags == std::vector<std::string>{"monitor_000", "monitor_001", "monitor_002"});
    CHECK(series.slots[1] == eval::Slot::missing);
    CHECK(series.absent.empty());
    record.monitor.absent["timeslices"] = "this kernel has no schedstat";
    CHECK(series_of(record, "monitor.timeslices").absent == "this kernel has no schedstat");
    CHECK(series_of(record, "monitor.wakeups").size() == 0);
    record.monitor.reason = "the kernel has no BTF";
    CHECK(series_of(record, "monitor.timeslices").absent == "the kernel has no BTF");
}

TEST_CASE("a callback's calls are a series of the monitor's, from the sample on in which it was there") {
    auto record = observed_record();
    add_monitor(record, "load", {1, 1, 1});
    record.monitor.names.emplace_back("program.enqueue.run_count");
    for (std::size_t i = 1; i < 3; ++i) record.monitor.samples[i].values.push_back(static_cast<double>(i) * 100);
    record.programs.list.push_back({.callback = "enqueue", .name = "my_enqueue"});
    const auto series = series_of(record, "monitor.program.enqueue.run_count");
    CHECK(series.reasons.at(0) == "it was not there yet");
    CHECK(series.values[2] == 200);
    CHECK(series_of(record, "monitor.program.tick.run_count").absent ==
          "no scheduler of the run has this callback (seen: enqueue)");
    record.programs.absent["run_count"] = "not counted";
    CHECK(series_of(record, "monitor.program.tick.run_count").absent == "not counted");
    record.programs.reason = "the kernel has no symbol 'prog_idr'";
    CHECK(series_of(record, "monitor.program.tick.run_count").absent == "the kernel has no symbol 'prog_idr'");
}

TEST_CASE("placeholders are gaps with their reason, and never zeros") {
    const auto record = record_of_n({1, std::nullopt, 3});
    const auto series = series_of(record, "bpf.n");
    CHECK(series.slots[1] == eval::Slot::missing);
    CHECK_THAT(series.reasons.at(1), ContainsSubstring("the guest did not answer"));
    const json shown = to_json(series);
    CHECK(shown["samples"][0]["value"] == 1);
    CHECK(shown["samples"][0]["value"].is_number_integer());
    CHECK(shown["samples"][1]["gap"].get<std::string>() == series.reasons.at(1));
    CHECK_FALSE(shown["samples"][1].contains("value"));
    CHECK(shown["samples"][2]["phase"] == 1);
}

TEST_CASE("a name that is no series says which there are") {
    const auto none = eval::project(observed_record(), "n");
    REQUIRE_FALSE(none);
    CHECK_THAT(none.error().message, ContainsSubstring("bpf.NAME, stats.NAME, host.NAME and monitor.NAME"));
    CHECK_FALSE(eval::project(observed_record(), "bpf."));
    CHECK(series_of(observed_record(), "bpf.n").absent == "no snapshot was taken");
}
