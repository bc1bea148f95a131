// SPDX-License-Identifier: GPL-2.0-only
#include "report/timeline.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "report/reporters.h"
#include "tests/report/made_up_result.h"

namespace ktstr::report {

namespace {

using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

constexpr std::int64_t ms = 1'000'000;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Four seconds: two steps, ops, three snapshots of which one could not be taken, and a monitor.
ScenarioResult watched_result() {
    auto result = test::failed_result();
    auto& record = result.record;
    record.workers.clear();
    record.events = {
        {.at_ns = -ms, .kind = "scheduler_attached", .detail = "s"},
        {.at_ns = 0, .kind = "step_start", .step = 0, .step_name = "calm"},
        {.at_ns = 500 * ms, .kind = "op", .step = 0, .op = "set_cpuset", .detail = "a -> 0-1", .work_units = 500},
        {.at_ns = 2000 * ms, .kind = "step_end", .step = 0, .step_name = "calm", .work_units = 2000},
        {.at_ns = 2000 * ms, .kind = "step_start", .step = 1, .step_name = "loud", .work_units = 2000},
        {.at_ns = 4000 * ms, .kind = "step_end", .step = 1, .step_name = "loud", .work_units = 1000}};
    for (int i = 0; i < 3; ++i) {
        plan::Snapshot snapshot{
            .name = "periodic_00" + std::to_string(i), .trigger = "periodic", .at_ns = (i + 1) * 1000 * ms};
        if (i == 1)
            snapshot.reason = "the guest did not answer";
        else
            snapshot.state =
                std::make_shared<const json>(json{{"variables",
                                                   {{{"name", "nr_runs"}, {"live", true}, {"value", 10 * i}},
                                                    {{"name", "old"}, {"live", false}, {"value", 1}}}}});
        record.snapshots.push_back(snapshot);
    }
    record.monitor.names = {"nr_running", "timeslices"};
    for (int i = 0; i < 40; ++i)
        record.monitor.samples.push_back({i * 100 * ms, i / 20, {i < 20 ? 2.0 : 9.0, i * 10.0}});
    return result;
}

std::size_t lines_of(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

TEST_CASE("a timeline has the run's parts in the order of their times") {
    const auto timeline = timeline_of(watched_result().record);
    CHECK(timeline.from_ns == -ms);
    CHECK(timeline.to_ns == 4000 * ms);
    REQUIRE(timeline.steps.size() == 2);
    CHECK(timeline.steps[1].name == "loud");
    CHECK(timeline.steps[1].to_ns == 4000 * ms);
    REQUIRE(timeline.events.size() == 2);
    CHECK(timeline.events[1].detail == "a -> 0-1");
    REQUIRE(timeline.captures.size() == 3);
    CHECK(timeline.captures[1].placeholder);
    CHECK(timeline.captures[1].reason == "the guest did not answer");
    REQUIRE(timeline.scheduler.size() == 1);
    CHECK(timeline.scheduler[0].samples.size() == 2);
    CHECK(timeline.monitor[1].counts);
}

TEST_CASE("work is a rate from event to event, and none where workers have ended") {
    const auto& work = timeline_of(watched_result().record).work.samples;
    REQUIRE(work.size() == 4);
    CHECK(work[0].value == 1000);
    CHECK(work[1].value == 1000);
    CHECK(std::isnan(work[2].value));
}

TEST_CASE("a counter's change per second has a gap where it fell or could not be read") {
    const auto rates =
        per_second({{0, 0}, {1000 * ms, 10}, {1000 * ms, 10}, {2000 * ms, 5}, {3000 * ms, nan}, {4000 * ms, 7}});
    REQUIRE(rates.size() == 5);
    CHECK(rates[0].value == 10);
    for (std::size_t i = 1; i < rates.size(); ++i) CHECK(std::isnan(rates[i].value));
}

TEST_CASE("the text of a failure has the run on one axis") {
    auto result = watched_result();
    eval::JudgedSeries judged{
        .written = "bpf.nr_runs", .low = {}, .high = 5, .samples = {{1000 * ms, 0}, {3000 * ms, 20}}};
    judged.decides = "periodic_002";
    judged.decides_at_ns = 3000 * ms;
    for (auto& assertion : result.verdict.assertions)
        if (assertion.outcome == eval::Outcome::fail) assertion.judged = {judged};
    const std::string text = timeline_picture(result, {});
    CHECK(text == R"(
  Timeline, workload time from -1 ms to +4 s
    steps                 |calm                       |loud                        |
    ops                   a      b
      a -1 ms scheduler_attached s   b +500 ms set_cpuset a -> 0-1
    snapshots                           p             ?             p
      p periodic, ? not taken
    work units /s         ▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄·····························   1000
    bpf.nr_runs                         ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁████████████████  0 .. 20
                                                  periodic_002 +3 s ^
    nr_running            ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂██████████████████████████████  2 .. 9
)");
}

TEST_CASE("the text of a timeline is bounded, whatever happened in a run") {
    auto result = watched_result();
    for (int i = 0; i < 500; ++i) {
        result.record.events.push_back({.at_ns = i * 7 * ms,
                                        .kind = "op",
                                        .step = 0,
                                        .op = "spawn\x1b[31m" + std::string(50, 'x'),
                                        .detail = "läßt 漢字\n"});
        result.record.snapshots.push_back(
            {.name = "s", .trigger = i % 2 == 0 ? "watch" : "scheduler_exit", .at_ns = i * ms});
        result.record.events.push_back(
            {.at_ns = i * 7 * ms, .kind = "step_start", .step = i + 10, .step_name = "漢字漢字漢字漢字漢字漢字漢字"});
    }
    eval::JudgedSeries judged{
        .written = std::string(300, 'y'), .low = {}, .high = {}, .samples = {{0, -1e308}, {ms, 1e308}}};
    judged.decides = std::string(200, 'z');
    for (auto& assertion : result.verdict.assertions)
        if (assertion.outcome == eval::Outcome::fail)
            for (int i = 0; i < 6; ++i) {
                assertion.judged.push_back(judged);
                judged.written += "y";
            }
    const std::string text = timeline_picture(result, {});
    CHECK(lines_of(text) <= 21);
    for (const auto& line : tail_of(text, 100).lines) CHECK(display_width(line) <= 100);
    CHECK_THAT(text, !ContainsSubstring("\x1b"));
    result.record.events.clear();
    CHECK(timeline_picture(result, {}).empty());
}

} // namespace ktstr::report
