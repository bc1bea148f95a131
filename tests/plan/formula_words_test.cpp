// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/formula_words.h"

#include <catch2/catch_test_macros.hpp>

using namespace ktstr::plan;
using Kind = Formula::Kind;

namespace {

Formula number(double value) {
    Formula formula;
    formula.number = value;
    return formula;
}

Formula measure(const std::string& path, const std::string& cgroup = "", double quantile = 0) {
    Formula formula;
    formula.kind = Kind::measure;
    formula.path = path;
    formula.cgroup = cgroup;
    formula.number = quantile;
    return formula;
}

Formula series(const std::string& source, const std::string& path) {
    Formula formula;
    formula.kind = Kind::series;
    formula.source = source;
    formula.path = path;
    return formula;
}

Formula with(Kind kind, std::vector<Formula> operands, Comparison comparison = Comparison::less_equal) {
    Formula formula;
    formula.kind = kind;
    formula.operands = std::move(operands);
    formula.comparison = comparison;
    return formula;
}

Formula at_most(const Formula& term, double bound) { return with(Kind::compare, {term, number(bound)}); }

Expectation written(const std::string& text, const Formula& formula) {
    Expectation expectation;
    expectation.kind = Expectation::Kind::formula;
    expectation.formula = formula;
    expectation.written = text;
    return expectation;
}

} // namespace

TEST_CASE("terms are written as in the source, quantiles by their names") {
    CHECK(formula_words(measure("migrations", "hot")) == "migrations(hot)");
    CHECK(formula_words(measure("run_delay", "web", 0.99)) == "p99(run_delay, web)");
    CHECK(formula_words(measure("wake_latency", "", 0.5)) == "p50(wake_latency)");
    CHECK(formula_words(measure("wake_latency", "", 0.9999)) == "p9999(wake_latency)");
    CHECK(formula_words(measure("wake_latency", "", 1)) == "wake_latency");
    CHECK(formula_words(with(Kind::multiply, {number(2), measure("migrations")})) == "2 * migrations");
    CHECK(formula_words(with(Kind::multiply, {with(Kind::add, {measure("gap"), measure("run_delay")}), number(2)})) ==
          "(gap + run_delay) * 2");
}

TEST_CASE("numbers have the unit of what they are compared with") {
    CHECK(formula_words(at_most(measure("run_delay"), 200e6)) == "run_delay <= 200ms");
    CHECK(formula_words(at_most(measure("off_cpu"), 0.5)) == "off_cpu <= 50%");
    CHECK(formula_words(at_most(measure("cpu_time"), 1.5e9)) == "cpu_time <= 1.5s");
    CHECK(formula_words(at_most(series("bpf", "nr"), 20)) == "bpf.nr <= 20");
    CHECK(formula_words(with(Kind::within, {measure("migrations"), number(1), number(4)})) ==
          "migrations within 1 .. 4");
    CHECK(formula_words(with(Kind::logical_or, {at_most(measure("gap"), 1e9), at_most(measure("migrations"), 3)})) ==
          "gap <= 1s or migrations <= 3");
}

TEST_CASE("conditions over time are written with their windows") {
    auto soon = with(Kind::eventually, {at_most(series("stats", "busy"), 3)});
    soon.to_ns = 3'000'000'000;
    CHECK(formula_words(soon) == "eventually[0s, 3s] stats.busy <= 3");
    auto row = with(Kind::sustained, {at_most(series("monitor", "imbalance"), 4)});
    row.samples = 5;
    CHECK(formula_words(row) == "monitor.imbalance <= 4 for 5 samples");
    CHECK(formula_words(with(Kind::nondecreasing, {series("bpf", "nr")})) == "bpf.nr nondecreasing");
    auto delta = with(Kind::delta, {series("bpf", "nr")});
    delta.subject = "b";
    CHECK(formula_words(at_most(delta, 7)) == "delta(bpf.nr, \"b\") <= 7");
}

TEST_CASE("an expectation says what it came to only where its source names a value") {
    Expectation spread;
    spread.kind = Expectation::Kind::spread;
    spread.cgroup = "hot";
    spread.value = 0.6;
    spread.written = "spread(hot) <= 60%";
    CHECK(expectation_words(spread) == "spread(hot) <= 60%");
    CHECK(resolved_words(spread).empty());
    spread.written = "spread(hot) <= bound";
    CHECK(resolved_words(spread) == "60%");
    Expectation rate;
    rate.kind = Expectation::Kind::throughput;
    rate.comparison = Comparison::greater_equal;
    rate.value = 1000;
    rate.written = "throughput >= 1/ms";
    CHECK(resolved_words(rate).empty());
    CHECK(resolved_words(written("p99(run_delay) <= 200ms", at_most(measure("run_delay", "", 0.99), 200e6))).empty());
    CHECK(resolved_words(written("migrations <= 2 * crowd", at_most(measure("migrations"), 8))) == "migrations <= 8");
    CHECK(resolved_words(written("probe.\"int.rps\" >= 5", at_most(measure("migrations"), 8))) == "migrations <= 8");
}
