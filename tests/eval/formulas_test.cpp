// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "interp/eval/evaluate.h"
#include "interp/plan/requirements.h"
#include "tests/eval/made_up_run.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using eval::Outcome;
using Kind = plan::Formula::Kind;

namespace {

plan::Formula number(double value) {
    plan::Formula formula;
    formula.number = value;
    return formula;
}

plan::Formula measure(const std::string& path, const std::string& cgroup = "hot") {
    plan::Formula formula;
    formula.kind = Kind::measure;
    formula.path = path;
    formula.cgroup = cgroup;
    return formula;
}

plan::Formula with(Kind kind, std::vector<plan::Formula> operands,
                   plan::Comparison comparison = plan::Comparison::less_equal) {
    plan::Formula formula;
    formula.kind = kind;
    formula.operands = std::move(operands);
    formula.comparison = comparison;
    return formula;
}

plan::Formula at_most(plan::Formula left, double bound) {
    return with(Kind::compare, {std::move(left), number(bound)});
}

// Two workers: 10 and 30 migrations, 1 s and 2 s of CPU time in 4 s of life each.
plan::Record record() {
    auto made = made_up_record();
    made.workers.resize(2);
    for (std::size_t i = 0; i < 2; ++i) {
        auto& worker = made.workers[i];
        worker.cgroup = "hot";
        worker.wall_ns = 4'000'000'000;
        worker.cpu_ns = (i + 1) * 1'000'000'000;
        worker.migrations = 10 + 20 * i;
        worker.run_delay_ns = 5'000'000 * (i + 1);
    }
    return made;
}

// `seen` wake-ups that all took the same time, `kept` of them in the sample.
plan::Latency latency(std::uint64_t seen, std::uint64_t kept, std::uint64_t ns) {
    plan::Latency made;
    made.name = "wake_latency";
    made.seen = seen;
    made.dropped = seen - kept;
    made.max_ns = ns;
    made.kept_ns.assign(kept, ns);
    return made;
}

plan::Formula wake_latency(double quantile) {
    auto made = measure("wake_latency");
    made.number = quantile;
    return made;
}

eval::AssertionResult judged(const plan::Formula& formula, const plan::Record& of = record()) {
    REQUIRE(plan::is_judged(formula));
    auto plan = made_up_plan();
    plan.steps[0].ops.clear();
    auto made = expectation(plan::Expectation::Kind::formula, "written", 0, "");
    made.formula = formula;
    plan.expectations = {made};
    const auto verdict = eval::evaluate(plan, of);
    REQUIRE(verdict.assertions.size() == 1);
    return verdict.assertions[0];
}

} // namespace

TEST_CASE("measures are summed, averaged or the longest, as their name says") {
    CHECK(judged(at_most(measure("migrations"), 40)).outcome == Outcome::pass);
    CHECK(judged(at_most(measure("migrations"), 39)).outcome == Outcome::fail);
    CHECK(judged(at_most(measure("cpu_time"), 3e9)).value == 3e9);
    CHECK(judged(at_most(measure("run_delay"), 1)).value == 10'000'000);
    CHECK(judged(at_most(measure("off_cpu"), 1)).value == 0.625);
    CHECK_THAT(judged(at_most(measure("migrations"), 39)).message, ContainsSubstring("migrations(hot) is 40"));
}

TEST_CASE("a quantile of a figure that each worker has once is over the workers") {
    auto made = record();
    made.workers.resize(4, made.workers[0]);
    for (std::size_t i = 0; i < 4; ++i) made.workers[i].run_delay_ns = 1'000'000 * (i + 1);
    const auto value = [&](double quantile) {
        auto term = measure("run_delay");
        term.number = quantile;
        return judged(at_most(term, 1), made).value;
    };
    CHECK(value(0.5) == 2e6);
    CHECK(value(0.75) == 3e6);
    CHECK(value(0.9) == 4e6);
    CHECK(value(0.99) == 4e6);
    CHECK(value(0) == 4e6);
}

TEST_CASE("a message names the whole term that was measured") {
    auto term = measure("run_delay");
    term.number = 0.99;
    CHECK_THAT(judged(at_most(term, 1)).message, ContainsSubstring("p99(run_delay, hot) is 10 ms"));
    CHECK_THAT(judged(at_most(measure("migrations", "nobody"), 1)).message,
               ContainsSubstring("nothing was measured for migrations(nobody)"));
}

TEST_CASE("a measure in a formula is the one that stands alone") {
    auto made = record();
    made.workers[0].iterations = made.workers[0].work_units = 0; // never came to its work
    made.workers[0].longest_gap_ns = 0;
    CHECK(judged(at_most(measure("gap"), 1), made).value == 4e9);
    made = record();
    for (auto& worker : made.workers) worker.work_units = 1000;
    made.workers[1].started_at_ns = made.workers[0].started_at_ns + 4'000'000'000; // one after the other
    CHECK(judged(at_most(measure("throughput"), 1), made).value == 250);
}

TEST_CASE("terms can be calculated with and lie in ranges") {
    CHECK(judged(at_most(with(Kind::multiply, {number(2), measure("migrations")}), 80)).outcome == Outcome::pass);
    CHECK(judged(at_most(with(Kind::divide, {measure("cpu_time"), number(1e9)}), 2.9)).outcome == Outcome::fail);
    CHECK(judged(with(Kind::within, {measure("migrations"), number(40), number(41)})).outcome == Outcome::pass);
    CHECK(judged(with(Kind::within, {measure("migrations"), number(41), number(50)})).outcome == Outcome::fail);
}

TEST_CASE("what was not measured is inconclusive, and only counts where it matters") {
    const auto unknown = at_most(measure("migrations", "nobody"), 1);
    const auto good = at_most(measure("migrations"), 100);
    const auto bad = at_most(measure("migrations"), 1);
    CHECK(judged(unknown).outcome == Outcome::inconclusive);
    CHECK(judged(at_most(with(Kind::divide, {number(1), number(0)}), 1)).outcome == Outcome::inconclusive);
    CHECK(judged(with(Kind::logical_or, {unknown, good})).outcome == Outcome::pass);
    CHECK(judged(with(Kind::logical_and, {unknown, bad})).outcome == Outcome::fail);
    CHECK(judged(with(Kind::logical_and, {unknown, good})).outcome == Outcome::inconclusive);
    CHECK(judged(with(Kind::logical_not, {unknown})).outcome == Outcome::inconclusive);
    CHECK(judged(with(Kind::logical_implies, {bad, bad})).outcome == Outcome::pass);
    CHECK(judged(with(Kind::logical_implies, {good, bad})).outcome == Outcome::fail);
}

TEST_CASE("measures that are not judged yet are known as such, wherever they stand") {
    CHECK(plan::is_judged(with(Kind::always, {at_most(measure("gap"), 1)})));
    CHECK_FALSE(plan::is_judged(with(Kind::always, {at_most(measure("levitation"), 1)})));
}

TEST_CASE("quantiles of wake latencies are over all wake-ups, each worker's sample weighted by what it stands for") {
    auto made = record();
    // Worker 0 has seen 9000 wake-ups of 1 ms, of which it kept 100; worker 1 has seen and kept 1000 of 5 ms.
    made.workers[0].latencies = {latency(9000, 100, 1'000'000)};
    made.workers[1].latencies = {latency(1000, 1000, 5'000'000)};
    CHECK(judged(at_most(wake_latency(0.5), 1), made).value == 1e6);
    CHECK(judged(at_most(wake_latency(0.9), 1), made).value == 1e6);
    CHECK(judged(at_most(wake_latency(0.95), 1), made).value == 5e6);
    made.workers[0].latencies[0].max_ns = 70'000'000; // was not kept
    const auto longest = judged(at_most(wake_latency(1), 1e6), made);
    CHECK(longest.value == 70e6);
    CHECK(longest.outcome == Outcome::fail);
    CHECK_THAT(longest.message, ContainsSubstring("wake_latency(hot) is 70 ms (10000 wake-ups, by an emulated clock)"));
}

TEST_CASE("too few wake-ups leave a quantile of them inconclusive, whatever they say") {
    auto made = record();
    const auto outcome = [&made](double quantile) {
        return judged(at_most(wake_latency(quantile), 1e9), made).outcome;
    };
    CHECK(outcome(0.99) == Outcome::inconclusive); // spin_wait has none
    CHECK(outcome(1) == Outcome::inconclusive);
    made.workers[0].latencies = {latency(99, 99, 1000)};
    CHECK(outcome(0.99) == Outcome::inconclusive);
    CHECK(outcome(0.5) == Outcome::pass);
    CHECK(outcome(1) == Outcome::pass);
    CHECK_THAT(judged(at_most(wake_latency(0.99), 1), made).message,
               ContainsSubstring("nothing was measured for p99(wake_latency, hot) (99 wake-ups, of which 99 samples "
                                 "count; it takes 100)"));
    made.workers[1].latencies = {latency(1, 1, 1000)};
    CHECK(outcome(0.99) == Outcome::pass);
    CHECK(outcome(0.999) == Outcome::inconclusive);
    // Many wake-ups do not make up for a sample that is mostly worth nothing.
    made.workers[1].latencies = {latency(1'000'000, 50, 1000)};
    CHECK(outcome(0.99) == Outcome::inconclusive);
}

TEST_CASE("spread can be calculated with, and is that of the worst cgroup") {
    auto made = record();
    made.workers[0].work_units = 1000;
    made.workers[1].work_units = 3000;
    CHECK(judged(at_most(with(Kind::multiply, {number(2), measure("spread")}), 2)).outcome == Outcome::pass);
    CHECK(judged(at_most(with(Kind::multiply, {number(2), measure("spread")}), 1.9), made).outcome == Outcome::fail);
    auto sound = made;
    sound.workers[1].wall_ns = 0;
    CHECK(judged(with(Kind::within, {measure("spread"), number(0), number(9)}), sound).outcome ==
          Outcome::inconclusive);
    made.workers.resize(1);
    CHECK(judged(with(Kind::within, {measure("spread"), number(0), number(9)}), made).outcome == Outcome::inconclusive);
}
