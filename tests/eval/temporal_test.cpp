// SPDX-License-Identifier: GPL-2.0-only
// Expectations over time on made-up observations: how each fails, and what it says to whoever reads it.
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <limits>

#include "tests/eval/observed_run.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
using eval::Outcome;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr std::nullopt_t gap = std::nullopt;

// Outcome and message, for one look at both.
std::string said(const std::string& expectation, const plan::Record& record) {
    const auto result = judged(expectation, record);
    return std::string(to_string(result.outcome)) + ": " + result.message;
}

std::string said_of_n(const std::string& expectation, const std::vector<std::optional<double>>& values) {
    return said(expectation, record_of_n(values));
}

plan::Record imbalance(const std::vector<double>& values) {
    auto record = observed_record();
    add_monitor(record, "imbalance", values);
    return record;
}

} // namespace

TEST_CASE("a counter that falls is named with both samples, their times and their values") {
    CHECK(said_of_n("bpf.n nondecreasing", {50, 100, 200, 100, 150}) ==
          "fail: bpf.n nondecreasing: periodic_003 (+800 ms) is 100 after 200 at periodic_002 (+700 ms)");
    CHECK(said_of_n("bpf.n increasing", {1, 2, 2}) ==
          "fail: bpf.n increasing: periodic_002 (+700 ms) is 2, as periodic_001 (+600 ms)");
    CHECK(said_of_n("bpf.n nondecreasing", {1, 2, 2}) ==
          "pass: bpf.n nondecreasing: 3 samples; the least step is 0, to periodic_002 (+700 ms)");
    CHECK_THAT(said_of_n("bpf.n nondecreasing", {9, 8, 7}), ContainsSubstring("(the first of 2 of 2 steps)"));
}

TEST_CASE("monotone patterns skip gaps, and note them") {
    const auto result = judged("bpf.n nondecreasing", record_of_n({1, gap, 2}));
    CHECK(result.outcome == Outcome::pass);
    REQUIRE(result.notes.size() == 1);
    CHECK(result.notes[0] == "bpf.n: 1 of 3 samples has no value: periodic_001 (+600 ms): the snapshot could not be "
                             "taken: the guest did not answer");
    CHECK_THAT(said_of_n("bpf.n nondecreasing", {2, gap, 1}), ContainsSubstring("after 2 at periodic_000"));
    CHECK_THAT(said_of_n("bpf.n nondecreasing", {1, gap}),
               ContainsSubstring("inconclusive: bpf.n nondecreasing: it takes 2 samples with a value, and there is 1"));
}

TEST_CASE("a rate outside of its band is named, and none goes across a gap") {
    CHECK(said_of_n("rate(bpf.n) within 5/s .. 20/s", {0, 1, 4}) ==
          "fail: rate(bpf.n) within 5/s .. 20/s: periodic_002 (+700 ms) is 30/s");
    CHECK(judged("rate(bpf.n) within 5/s .. 20/s", record_of_n({0, gap, 400, 401})).outcome == Outcome::pass);
    CHECK_THAT(said_of_n("rate(bpf.n) within 5/s .. 20/s", {0, gap, 400}), ContainsSubstring("inconclusive: "));
    auto record = record_of_n({0, 1, 2});
    record.snapshots[2].at_ns = record.snapshots[1].at_ns;
    CHECK_THAT(said("rate(bpf.n) within 5/s .. 20/s", record),
               ContainsSubstring("inconclusive: ") && ContainsSubstring("no time passed since the sample before"));
    record.snapshots[0].at_ns -= 900 * ms; // a rate of 1: wrong, whatever the other one is
    CHECK(judged("rate(bpf.n) within 5/s .. 20/s", record).outcome == Outcome::fail);
}

TEST_CASE("a series that is not steady says which sample is how far off") {
    CHECK(said_of_n("bpf.n steady within 10%", {100, 100, 140, 100, 60}) ==
          "fail: bpf.n steady within 10%: periodic_002 (+700 ms) is 140, 40 % off the mean of 100 (the first of 2 of 5 "
          "samples)");
    CHECK_THAT(said_of_n("bpf.n steady within 10% after 700ms", {0, 900, 100, 100, 101}), ContainsSubstring("pass: "));
    CHECK_THAT(said_of_n("bpf.n steady within 10% after 800ms", {1, 2, 3, 4}), ContainsSubstring("there is 1"));
}

TEST_CASE("convergence takes three samples in a row, and a gap begins them anew") {
    const std::string wanted = "bpf.n converges to 10 +- 1 by 1s";
    CHECK_THAT(said_of_n(wanted, {50, 11, 10, 9}), ContainsSubstring("pass: "));
    CHECK_THAT(
        said_of_n(wanted, {50, 11, 10, gap, 9, 10}),
        ContainsSubstring("fail: bpf.n converges to 10 +- 1 by 1s: no three of 5 samples in a row lie within 9 .. "
                          "11 by +1 s; the closest three end at periodic_002 (+700 ms), one of them 39 outside"));
    CHECK_THAT(said_of_n(wanted, {50, 11, 10, 50, 50, 50, 10, 10, 10}), ContainsSubstring("fail: ")); // too late
    CHECK_THAT(said_of_n(wanted, {10, 10}), ContainsSubstring("inconclusive: ") &&
                                                ContainsSubstring("it takes 3 samples with a value, and there are 2"));
}

TEST_CASE("a bound that does not hold at a sample names the first and the worst one") {
    CHECK(
        said("monitor.imbalance <= 4", imbalance({1, 5, 2, 9, 3})) ==
        "fail: monitor.imbalance <= 4: monitor_001 (+100 ms) is 5 (the first of 2 of 5 samples; the worst: monitor_003 "
        "(+300 ms) is 9)");
    const auto result = judged("always[200ms, 300ms] monitor.imbalance <= 4", imbalance({9, 9, 3, 2, 9}));
    CHECK(result.outcome == Outcome::pass);
    CHECK(result.value == 3);
    CHECK(result.bound == 4);
    CHECK(result.robustness() == 1);
}

TEST_CASE("a sample that is missing fails what must hold at every sample") {
    CHECK_THAT(said_of_n("bpf.n <= 4", {1, gap, 2}),
               ContainsSubstring("fail: bpf.n <= 4: at periodic_001 (+600 ms) bpf.n has no value: "
                                 "the snapshot could not be taken: the guest did not answer"));
    CHECK(judged("not eventually bpf.n > 4", record_of_n({1, gap, 2})).outcome == Outcome::fail);
    CHECK(judged("not always bpf.n > 4", record_of_n({5, gap, 6})).outcome == Outcome::fail);
    CHECK(judged("eventually bpf.n > 4", record_of_n({1, gap, 5})).outcome == Outcome::pass);
    CHECK(judged("eventually bpf.n > 4", record_of_n({1, gap, 2})).outcome == Outcome::fail);
}

TEST_CASE("what has no value at all is inconclusive, whatever is expected of it") {
    for (const char* expectation :
         {"bpf.n <= 4", "bpf.n nondecreasing", "bpf.n increasing", "rate(bpf.n) within 1/s .. 2/s",
          "bpf.n steady within 10%", "bpf.n converges to 1 +- 1 by 1s", "eventually bpf.n > 1",
          "not eventually bpf.n > 1", "bpf.n < 2 until bpf.n > 1", "not always rise(bpf.n > 1)",
          "bpf.n < 2 for 2 samples", "bpf.n / stats.m within 0.0 .. 1.0", "delta(bpf.n) >= 0",
          "mean(bpf.n, \"two\") >= 0", "delta(bpf.n, \"two\") <= 2 * delta(bpf.n, \"one\")"}) {
        INFO(expectation);
        CHECK(judged(expectation, record_of_n({gap, gap, gap})).outcome == Outcome::inconclusive);
        CHECK(judged(expectation, record_of_n({})).outcome == Outcome::inconclusive);
        CHECK_THAT(said(expectation, record_of_n({})), ContainsSubstring("no snapshot was taken"));
        CHECK(judged(expectation, record_of_n({1, 2, 3, 4}, "another")).outcome == Outcome::inconclusive);
    }
    CHECK_THAT(said_of_n("bpf.n <= 4", {gap, gap}),
               ContainsSubstring("bpf.n has no value: the snapshot could not be taken"));
    CHECK_THAT(judged("bpf.n <= 4", record_of_n({})).hint, ContainsSubstring("capture 8 times"));
    CHECK_THAT(said("bpf.m <= 4", record_of_n({1})), ContainsSubstring("no variable 'm' (captured: n)"));
}

TEST_CASE("a value that is not a number fails by that name") {
    for (const char* expectation :
         {"bpf.n <= 4", "not bpf.n > 4", "bpf.n nondecreasing", "not bpf.n nondecreasing", "bpf.n steady within 10%",
          "bpf.n converges to 1 +- 1 by 5s", "eventually bpf.n > 4", "rate(bpf.n) within 0/s .. 100/s",
          "max(bpf.n) <= 4", "mean(bpf.n) != 9"}) {
        INFO(expectation);
        const auto result = judged(expectation, record_of_n({1, 1, 1, not_a_number}));
        CHECK(result.outcome == Outcome::fail);
        CHECK_THAT(result.message, ContainsSubstring("not a number"));
    }
}

TEST_CASE("`eventually` says how close it came") {
    CHECK(said("eventually[0s, 300ms] monitor.imbalance > 4", imbalance({1, 3, 2, 1, 9})) ==
          "fail: eventually[0s, 300ms] monitor.imbalance > 4: at none of 4 samples; the closest: monitor_001 (+100 ms) "
          "is "
          "3");
    CHECK(said("eventually monitor.imbalance > 4", imbalance({1, 3, 2, 1, 9})) ==
          "pass: eventually monitor.imbalance > 4: monitor_004 (+400 ms) is 9");
    CHECK_THAT(said_of_n("eventually[0s, 200ms] bpf.n > 4", {9, 9}),
               ContainsSubstring("inconclusive: ") && ContainsSubstring("no sample"));
}

TEST_CASE("`until` names what broke before, or that it never came") {
    const auto record = imbalance({1, 2, 7, 3, 9});
    CHECK(judged("monitor.imbalance <= 2 until monitor.imbalance == 7", record).outcome == Outcome::pass);
    CHECK(said("monitor.imbalance <= 2 until monitor.imbalance == 9", record) ==
          "fail: monitor.imbalance <= 2 until monitor.imbalance == 9: monitor_002 (+200 ms) is 7, before "
          "`monitor.imbalance == 9` holds at monitor_004 (+400 ms)");
    CHECK(said("monitor.imbalance <= 9 until[0s, 300ms] monitor.imbalance == 9", record) ==
          "fail: monitor.imbalance <= 9 until[0s, 300ms] monitor.imbalance == 9: `monitor.imbalance == 9` holds at "
          "none of "
          "4 samples; the closest: monitor_002 (+200 ms) is 7");
}

TEST_CASE("a condition may fail for fewer samples in a row than it is given") {
    CHECK(judged("monitor.imbalance <= 4 for 3 samples", imbalance({5, 5, 1, 5, 5, 1})).outcome == Outcome::pass);
    CHECK(said("monitor.imbalance <= 4 for 3 samples", imbalance({1, 5, 6, 7, 1})) ==
          "fail: monitor.imbalance <= 4 for 3 samples: it fails at 3 samples in a row, of which the first: monitor_001 "
          "(+100 ms) is 5");
    CHECK_THAT(said("monitor.imbalance <= 4 for 3 samples", imbalance({1, 5, not_a_number, 7, 1})),
               ContainsSubstring("fail: ") && ContainsSubstring("fails or is missing at 3 samples in a row"));
    CHECK_THAT(said("monitor.imbalance <= 4 for 3 samples", imbalance({5, 5})),
               ContainsSubstring("inconclusive: ") &&
                   ContainsSubstring("3 samples in a row take more than there are: 2"));
}

TEST_CASE("the monitor's checks: without a signal they are inconclusive") {
    for (const char* check :
         {"monitor.imbalance <= 4 for 5 samples", "monitor.local_dsq_depth <= 50 for 5 samples",
          "monitor.stuck_cpus == 0 for 5 samples", "rate(monitor.select_cpu_fallback) <= 10/s for 5 samples",
          "rate(monitor.dispatch_keep_last) <= 10/s for 5 samples"}) {
        INFO(check);
        auto record = observed_record();
        CHECK(judged(check, record).outcome == Outcome::inconclusive);
        std::string name(check);
        name = name.substr(name.find("monitor.") + 8);
        name = name.substr(0, name.find_first_of(" )"));
        record.monitor.absent[name] = "this kernel has no such counter";
        CHECK_THAT(said(check, record), ContainsSubstring("this kernel has no such counter"));
        const bool counts = std::string(check).starts_with("rate");
        std::vector<double> values;
        for (int i = 0; i < 12; ++i) values.push_back(counts ? 100.0 * i : 100.0);
        add_monitor(record, name, values);
        CHECK(judged(check, record).outcome == Outcome::fail);
        values.assign(12, 0);
        values[3] = values[4] = counts ? 0 : 100;
        auto good = observed_record();
        add_monitor(good, name, values);
        CHECK(judged(check, good).outcome == Outcome::pass);
    }
}

TEST_CASE("a ratio of two series skips gaps, and is inconclusive by zero") {
    const auto record_of = [](std::vector<double> above, std::vector<double> below) {
        auto record = observed_record();
        for (std::size_t i = 0; i < above.size(); ++i)
            add_snapshot(record, static_cast<std::int64_t>(i) * 1000 * ms,
                         {{"variables", {variable("a", above[i]), variable("b", below[i])}}});
        return record;
    };
    CHECK(said("bpf.a / bpf.b within 0.0 .. 1.0", record_of({1, 3}, {2, 2})) ==
          "fail: bpf.a / bpf.b within 0.0 .. 1.0: periodic_001 (+1 s) is 1.5");
    CHECK(said("bpf.a / bpf.b within 0.0 .. 1.0", record_of({1, 1}, {2, 0})) ==
          "inconclusive: bpf.a / bpf.b within 0.0 .. 1.0: bpf.b is 0, which nothing can be divided by");
    auto record = record_of({1, 1}, {2, 2});
    add_placeholder(record, 2000 * ms, "no answer");
    const auto result = judged("bpf.a / bpf.b within 0.0 .. 1.0", record);
    CHECK(result.outcome == Outcome::pass);
    CHECK(result.notes.size() == 2);
}

TEST_CASE("steps are compared by what changed in them") {
    auto record = observed_record();
    for (const auto& [at, value] : std::vector<std::pair<int, int>>{{100, 0}, {4900, 10}, {5100, 20}, {9900, 50}})
        add_snapshot(record, at * ms, {{"variables", {variable("n", value)}}});
    CHECK(said("delta(bpf.n, \"two\") <= 2 * delta(bpf.n, \"one\")", record) ==
          "fail: delta(bpf.n, \"two\") <= 2 * delta(bpf.n, \"one\"): delta(bpf.n, \"two\") is 30, delta(bpf.n, "
          "\"one\") is "
          "10");
    CHECK(judged("delta(bpf.n) == 50 and first(bpf.n, \"two\") == 20 and last(bpf.n, \"one\") == 10", record).outcome ==
          Outcome::pass);
    CHECK(judged("mean(bpf.n) == 20 and min(bpf.n, \"two\") == 20 and max(bpf.n, \"one\") == 10", record).outcome ==
          Outcome::pass);
    for (auto& snapshot : record.snapshots) snapshot.step = 1;
    CHECK_THAT(said("delta(bpf.n, \"two\") <= 2 * delta(bpf.n, \"one\")", record),
               ContainsSubstring("inconclusive: ") && ContainsSubstring("delta(bpf.n, \"one\") takes two samples"));
    for (auto& snapshot : record.snapshots) snapshot.step = snapshot.at_ns < 5000 * ms ? 0 : 1;
    CHECK(judged("delta(bpf.n, \"two\") / delta(bpf.n, \"one\") <= 3", record).outcome == Outcome::pass);
    record.snapshots[1].state = record.snapshots[0].state; // nothing changed in the first step
    CHECK_THAT(said("delta(bpf.n, \"two\") / delta(bpf.n, \"one\") <= 3", record),
               ContainsSubstring("inconclusive: ") && ContainsSubstring("is 0, which nothing can be divided by"));
}

TEST_CASE("one value of a snapshot is judged by itself") {
    auto record = observed_record();
    add_snapshot(record, 100 * ms, {{"variables", {variable("n", {{"queued", 120}})}}}, "before");
    CHECK(said("snapshot(before).n.queued <= 100", record) ==
          "fail: snapshot(before).n.queued <= 100: snapshot(before).n.queued is 120");
    CHECK_THAT(said("snapshot(before).n.waiting <= 100", record),
               ContainsSubstring("inconclusive: ") && ContainsSubstring("not found after 'n' (members: queued)"));
    CHECK_THAT(said("snapshot(before).n <= 100", observed_record()),
               ContainsSubstring("inconclusive: ") &&
                   ContainsSubstring("no snapshot 'before' was taken (taken: none)"));
    auto lost = observed_record();
    add_placeholder(lost, 100 * ms, "the scheduler had exited", "before");
    CHECK_THAT(said("snapshot(before).n <= 100", lost),
               ContainsSubstring("inconclusive: ") &&
                   ContainsSubstring("the snapshot 'before' could not be taken: the scheduler had exited"));
}

TEST_CASE("series of different clocks are looked at together from the time on at which both have begun") {
    auto record = record_of_n({1, 5, 1});                       // at 500, 600 and 700 ms
    add_monitor(record, "imbalance", {9, 9, 9, 9, 9, 1, 1, 9}); // every 100 ms
    CHECK(judged("monitor.imbalance <= 4 or bpf.n >= 5", record).outcome == Outcome::fail);
    record.monitor.samples.pop_back();
    CHECK(judged("monitor.imbalance <= 4 or bpf.n >= 5", record).outcome == Outcome::pass);
    CHECK(judged("monitor.imbalance <= 4 and bpf.n <= 5", record).outcome == Outcome::fail);
    CHECK(
        said("monitor.imbalance > 0 implies bpf.n <= 4", record) ==
        "fail: monitor.imbalance > 0 implies bpf.n <= 4: at monitor_006 (+600 ms) monitor.imbalance is 1, bpf.n is 5");
}

TEST_CASE("windows within a formula count from the sample, and those that are cut off are not judged") {
    const std::string answered = "rise(monitor.imbalance > 8) implies eventually[0s, 200ms] monitor.imbalance < 4";
    CHECK(judged(answered, imbalance({1, 9, 9, 3, 1, 1, 1})).outcome == Outcome::pass);
    const auto late = judged(answered, imbalance({1, 9, 9, 9, 3, 1, 1}));
    CHECK(late.outcome == Outcome::fail);
    CHECK_THAT(late.message, ContainsSubstring("at monitor_001 (+100 ms) ") &&
                                 ContainsSubstring("`eventually[0s, 200ms] monitor.imbalance < 4` does not hold"));
    auto cut = imbalance({1, 1, 9});
    const auto plan_end = 10'000 * ms;
    for (auto& sample : cut.monitor.samples) sample.at_ns += plan_end - 300 * ms; // the last one: 100 ms before the end
    CHECK(judged(answered, cut).outcome == Outcome::pass);
    CHECK(judged("eventually[0s, 1s] bpf.n > 4 or always bpf.n < 9", record_of_n({1, 1})).outcome == Outcome::pass);
}

TEST_CASE("robustness is in the result as JSON, with the notes") {
    const auto result = judged("stats.n < 10 and stats.n > 1", record_of_n({4, gap, 2}));
    CHECK(result.outcome == Outcome::fail);
    CHECK_FALSE(result.robustness());
    const auto whole = judged("stats.n < 10 and stats.n > 1", record_of_n({4, 9, 2}));
    CHECK(whole.robustness() == Approx(1));
    CHECK(to_json(whole)["robustness"] == 1);
    CHECK(to_json(result)["notes"].size() == 1);
    CHECK(judged("stats.n <= 5", record_of_n({4, 9, 2})).robustness() == Approx(-4));
    CHECK(judged("not eventually stats.n > 5", record_of_n({4, 9, 2})).robustness() == Approx(-4));
}
