// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <limits>

#include "interp/eval/evaluate.h"
#include "tests/eval/made_up_run.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
using eval::evaluate;
using eval::Outcome;
using plan::Comparison;
using Kind = plan::Expectation::Kind;

namespace {

plan::Expectation compared(Kind kind, std::string written, Comparison comparison, double value,
                           std::string cgroup = "hot") {
    auto made = expectation(kind, std::move(written), value, std::move(cgroup));
    made.comparison = comparison;
    return made;
}

eval::Verdict judged(const plan::Expectation& expectation, const plan::Record& record) {
    auto plan = made_up_plan();
    plan.expectations = {expectation};
    return evaluate(plan, record);
}

// The only result of the only expectation.
eval::AssertionResult only(const plan::Expectation& expectation, const plan::Record& record) {
    const auto verdict = judged(expectation, record);
    REQUIRE(verdict.assertions.size() == 1);
    return verdict.assertions[0];
}

} // namespace

TEST_CASE("progress fails when one worker did no work, and names it") {
    auto record = made_up_record();
    const auto progress = expectation(Kind::progress, "progress");
    CHECK(only(progress, record).message == "progress: saw all 4 workers work, the slowest did 2000 units");
    record.workers[1].work_units = 0;
    const auto failed = only(progress, record);
    CHECK(failed.outcome == Outcome::fail);
    CHECK(failed.message == "progress: 1 of 4 workers did no work (worker 1 in hot, spin_wait, had 2 s)");
    CHECK(failed.value == 0.0);
}

TEST_CASE("progress is inconclusive for a worker that had no time") {
    auto record = made_up_record();
    record.workers[1].work_units = 0;
    record.workers[1].wall_ns = 0;
    CHECK(only(expectation(Kind::progress, "progress"), record).outcome == Outcome::inconclusive);
}

TEST_CASE("spread compares the fastest and the slowest worker per second of their life") {
    auto record = made_up_record();
    record.workers[3].work_units = 2400;
    record.workers[1].work_units = 1920;
    const auto result = only(compared(Kind::spread, "spread(hot) <= 15%", Comparison::less_equal, 0.15), record);
    CHECK(result.outcome == Outcome::fail);
    CHECK(result.value == Approx(480.0 / 2080.0));
    CHECK(result.bound == 0.15);
    CHECK(result.robustness() == Approx(0.15 - 480.0 / 2080.0));
    CHECK(result.message == "spread(hot) <= 15%: saw 23.1 % (worker 3 did 1200 units/s, worker 1 did 960 units/s)");
    CHECK(only(compared(Kind::spread, "", Comparison::less_equal, 0.25), record).outcome == Outcome::pass);
}

TEST_CASE("spread normalizes by each worker's own life") {
    auto record = made_up_record();
    record.workers[0].work_units = 1000;
    record.workers[0].wall_ns = 1'000'000'000;
    CHECK(only(compared(Kind::spread, "spread(hot) <= 1%", Comparison::less_equal, 0.01), record).outcome ==
          Outcome::pass);
}

TEST_CASE("spread is judged apart for each cgroup, step and work type") {
    auto record = made_up_record();
    record.workers.push_back(worker_report(4, 10));
    record.workers.push_back(worker_report(5, 10));
    record.workers[4].work_type = record.workers[5].work_type = "bursty";
    record.workers.push_back(worker_report(6, 500));
    record.workers.push_back(worker_report(7, 1000));
    record.workers[6].cgroup = record.workers[7].cgroup = "cold";
    const auto verdict = judged(compared(Kind::spread, "spread <= 10%", Comparison::less_equal, 0.1, ""), record);
    REQUIRE(verdict.assertions.size() == 3);
    CHECK(verdict.outcome == Outcome::fail);
    const auto failures = verdict.failures();
    REQUIRE(failures.size() == 1);
    CHECK(failures[0]->cgroup == "cold");
    CHECK_THAT(failures[0]->message, ContainsSubstring("cold: worker 7 did 500 units/s"));
}

TEST_CASE("spread of a single worker is skipped, and alone does not make a pass") {
    auto record = made_up_record();
    auto plan = made_up_plan();
    std::get<plan::AddCgroup>(plan.steps[0].ops[0].action).spec.works[0].workers = 1;
    plan.expectations = {compared(Kind::spread, "spread(hot) <= 15%", Comparison::less_equal, 0.15)};
    record.workers.resize(1);
    CHECK(evaluate(plan, record).outcome == Outcome::skip);
}

TEST_CASE("spread without any work or any time has no signal") {
    auto record = made_up_record();
    const auto spread = compared(Kind::spread, "spread(hot) <= 15%", Comparison::less_equal, 0.15);
    for (auto& worker : record.workers) worker.work_units = 0;
    CHECK(only(spread, record).outcome == Outcome::inconclusive);
    record = made_up_record();
    record.workers[2].wall_ns = 0;
    CHECK(only(spread, record).outcome == Outcome::inconclusive);
}

TEST_CASE("gap fails on the worst worker and says where and when") {
    auto record = made_up_record();
    record.workers[2].longest_gap_ns = 1'250'000'000;
    const auto result = only(compared(Kind::gap, "gap <= 1s", Comparison::less_equal, 1e9), record);
    CHECK(result.outcome == Outcome::fail);
    CHECK(result.message == "gap <= 1s: saw 1.25 s (worker 2 in hot, on CPU 1, until 1.5 s into the run)");
}

TEST_CASE("a worker that never came to its work has a gap as long as its life") {
    auto record = made_up_record();
    record.workers[2].work_units = record.workers[2].iterations = record.workers[2].longest_gap_ns = 0;
    const auto result = only(compared(Kind::gap, "gap <= 1s", Comparison::less_equal, 1e9), record);
    CHECK(result.outcome == Outcome::fail);
    CHECK(result.value == 2e9);
    CHECK_THAT(result.message, ContainsSubstring("never came to its work"));
}

TEST_CASE("isolation fails on the first iteration outside of the cpuset") {
    auto record = made_up_record();
    const auto isolation = expectation(Kind::isolation, "isolation", 0, "");
    CHECK(only(isolation, record).outcome == Outcome::pass);
    record.workers[1].isolation_violations = 1;
    record.workers[1].isolation_cpu = 3;
    const auto result = only(isolation, record);
    CHECK(result.outcome == Outcome::fail);
    CHECK(result.message ==
          "isolation: saw 1 iterations outside of the cpuset (worker 1 in hot on CPU 3, in all on CPUs 0-1)");
    record = made_up_record();
    record.workers[1].iterations = 0;
    record.workers[1].cpus = {};
    CHECK(only(isolation, record).outcome == Outcome::inconclusive);
}

TEST_CASE("throughput counts the time in which the cgroup's workers lived, not the whole run") {
    auto record = made_up_record();
    record.workload_ns = 10'000'000'000;
    const auto floor = compared(Kind::throughput, "throughput(hot) >= 4000/s", Comparison::greater_equal, 4000);
    const auto result = only(floor, record);
    CHECK(result.outcome == Outcome::pass);
    CHECK(result.value == Approx(4000));
    record.workers[3].started_at_ns = 2'000'000'000; // one after the other: 4 s in all
    const auto slower = only(floor, record);
    CHECK(slower.outcome == Outcome::fail);
    CHECK(slower.message == "throughput(hot) >= 4000/s: saw 2000 units/s (4 workers did 8000 units in 4 s)");
    for (auto& worker : record.workers) worker.wall_ns = 0;
    CHECK(only(floor, record).outcome == Outcome::inconclusive);
}

TEST_CASE("each comparison means what it says at its bound") {
    const auto record = made_up_record(); // 4 ms gap
    const auto outcome = [&](Comparison comparison) {
        return only(compared(Kind::gap, "", comparison, 4e6), record).outcome;
    };
    CHECK(outcome(Comparison::less) == Outcome::fail);
    CHECK(outcome(Comparison::less_equal) == Outcome::pass);
    CHECK(outcome(Comparison::greater) == Outcome::fail);
    CHECK(outcome(Comparison::greater_equal) == Outcome::pass);
}

TEST_CASE("no worker is inconclusive for every expectation that measures, never a pass") {
    for (const auto kind : {Kind::progress, Kind::spread, Kind::gap, Kind::isolation, Kind::throughput}) {
        const auto result = only(expectation(kind, "x", 1e12, "no_such_cgroup"), made_up_record());
        CHECK(result.outcome == Outcome::inconclusive);
        CHECK_THAT(result.message, ContainsSubstring("no_such_cgroup"));
    }
}

TEST_CASE("a bound that is not a number fails by name") {
    const auto result =
        only(compared(Kind::gap, "gap <= nan", Comparison::less_equal, std::numeric_limits<double>::quiet_NaN()),
             made_up_record());
    CHECK(result.outcome == Outcome::fail);
    CHECK(result.message == "gap <= nan: its bound is not a number (NaN)");
}

TEST_CASE("an expectation on a cgroup covers the cgroups below it and no other with a like name") {
    auto record = made_up_record();
    record.workers[0].cgroup = "hot/inner";
    record.workers[1].cgroup = "hotter";
    record.workers[1].work_units = 0;
    CHECK(only(expectation(Kind::progress, "progress"), record).outcome == Outcome::pass);
    record.workers[0].work_units = 0;
    CHECK(only(expectation(Kind::progress, "progress"), record).outcome == Outcome::fail);
}
