// SPDX-License-Identifier: GPL-2.0-only
// How a run is judged of whose payloads a language model has read the output: every rule, and what wins over what.
#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "interp/eval/evaluate.h"
#include "interp/eval/extractions.h"
#include "interp/eval/payloads.h"
#include "tests/eval/made_up_run.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using eval::Outcome;
using plan::Comparison;
using plan::PayloadCheck;

namespace {

plan::PayloadReport report_of(const std::string& name = "bench") {
    plan::PayloadReport report;
    report.name = name;
    report.cgroup = "hot";
    report.source = {"scenarios/even.ktl", 7, 3};
    report.exit = "exit code 0";
    report.exit_code = 0;
    report.ended_by = "itself";
    report.out.text = "it went well";
    return report;
}

plan::ExtractedMetric metric(const std::string& name, double value) { return {name, value, "llm", "stdout"}; }

plan::Extraction extraction_of(int payload, std::vector<plan::ExtractedMetric> metrics) {
    plan::Extraction extraction;
    extraction.payload = payload;
    extraction.stream = metrics.empty() ? "" : "stdout";
    extraction.metrics = std::move(metrics);
    return extraction;
}

plan::Extraction without_model(int payload = 0) {
    plan::Extraction extraction;
    extraction.payload = payload;
    extraction.unavailable = "no language model is set up";
    extraction.hint = "set KTSTR_LLM_URL";
    return extraction;
}

PayloadCheck check(PayloadCheck::Kind kind, Comparison comparison, double value, const std::string& name = "") {
    return {kind, name, comparison, value, "a check", {"scenarios/even.ktl", 2, 3}};
}

// A run of the payload `bench` whose output a model reads.
struct Prose {
    plan::Plan plan = made_up_plan();
    plan::Record record = made_up_record();

    explicit Prose(std::vector<plan::Extraction> extractions, std::vector<PayloadCheck> checks = {}) {
        plan::Payload payload;
        payload.name = "bench";
        payload.binary = "bench";
        payload.output = plan::Payload::Output::llm;
        payload.metrics = {{"p99", "us", plan::Metric::Polarity::lower}};
        payload.checks = std::move(checks);
        plan.payloads = {payload};
        record.payloads = {report_of()};
        record.extractions = std::move(extractions);
    }
    // An expectation over a metric of the payload: bench.p99 <= 10.
    Prose& expect_metric() {
        plan::Formula term;
        term.kind = plan::Formula::Kind::payload;
        term.subject = "bench";
        term.path = "p99";
        plan::Formula bound;
        bound.number = 10;
        plan::Formula formula;
        formula.kind = plan::Formula::Kind::compare;
        formula.operands = {term, bound};
        auto expected = expectation(plan::Expectation::Kind::formula, "bench.p99 <= 10");
        expected.formula = formula;
        plan.expectations.push_back(expected);
        return *this;
    }
    [[nodiscard]] eval::Verdict verdict() const { return eval::evaluate(plan, record); }
    [[nodiscard]] Outcome outcome() const { return verdict().outcome; }
    // The messages of all failures, a line each.
    [[nodiscard]] std::string failures() const {
        std::string text;
        const auto judged = verdict();
        for (const auto* failure : judged.failures()) text += failure->message + "\n";
        return text;
    }
};

} // namespace

TEST_CASE("a metric that a model has read is judged, shown and listed as any other, with its declared unit") {
    Prose prose({extraction_of(0, {metric("p99", 8), metric("rps", 100)})},
                {check(PayloadCheck::Kind::compare, Comparison::less, 9, "p99")});
    prose.expect_metric();
    CHECK(prose.outcome() == Outcome::pass);
    const auto listed = eval::metrics_json(prose.plan, prose.record, false);
    REQUIRE(listed.size() == 2);
    CHECK(listed[0]["name"] == "p99");
    CHECK(listed[0]["unit"] == "us");
    CHECK(listed[0]["better"] == "lower");
    prose.record.extractions[0].metrics[0].value = 11;
    CHECK(prose.outcome() == Outcome::fail);
}

TEST_CASE("each run of a payload has the extraction with its index") {
    Prose prose({extraction_of(1, {metric("p99", 20)}), extraction_of(0, {metric("p99", 1)})});
    prose.record.payloads.push_back(report_of());
    prose.expect_metric();
    CHECK(prose.outcome() == Outcome::fail); // the last run's counts
    std::swap(prose.record.extractions[0].payload, prose.record.extractions[1].payload);
    CHECK(prose.outcome() == Outcome::pass);
}

TEST_CASE("every broken rule is a failure of its own") {
    Prose prose({extraction_of(0, {metric("p99", 1),
                                   metric("p99", 2),
                                   metric("p99", 3),
                                   metric("a", NAN),
                                   metric("b", INFINITY),
                                   {"c", 1, "json", "stdout"},
                                   {"d", 1, "llm", "stderr"},
                                   {"a", -INFINITY, "", ""}})});
    const auto violations = eval::violations_of(prose.record.extractions[0]);
    CHECK(violations.size() == 10);
    const std::string failures = prose.failures();
    CHECK(std::count(failures.begin(), failures.end(), '\n') == 10);
    CHECK_THAT(
        failures,
        ContainsSubstring("payload bench in hot: the metric \"p99\" that the model has read is there more than once"));
    CHECK_THAT(failures, ContainsSubstring("\"b\" that the model has read is not a finite number"));
    CHECK_THAT(failures, ContainsSubstring("\"c\" that the model has read has the source 'json' and not 'llm'"));
    CHECK_THAT(failures, ContainsSubstring(
                             "\"d\" that the model has read has the stream 'stderr' in an extraction from 'stdout'"));
    CHECK(eval::violations_of(extraction_of(0, {metric("p99", 1), metric("rps", 0)})).empty());
}

TEST_CASE("of the metrics with one name the first can be compared, and none that is not finite") {
    const Prose prose({extraction_of(0, {metric("a", NAN), metric("p99", 1), metric("p99", 2)})});
    const auto listed = eval::metrics_json(prose.plan, prose.record, false);
    REQUIRE(listed.size() == 1);
    CHECK(listed[0]["value"] == 1);
}

TEST_CASE("bounds on the number of metrics and on their values name each that is wrong, beside broken rules") {
    const std::vector<PayloadCheck> bounds = {check(PayloadCheck::Kind::metrics, Comparison::greater_equal, 5),
                                              check(PayloadCheck::Kind::values, Comparison::greater_equal, 0),
                                              check(PayloadCheck::Kind::values, Comparison::less_equal, 100)};
    Prose prose(
        {extraction_of(0, {metric("a", -1), metric("b", -2), metric("c", 101), metric("d", 1), metric("d", 7)})},
        bounds);
    const std::string failures = prose.failures();
    CHECK(std::count(failures.begin(), failures.end(), '\n') == 5);
    CHECK_THAT(failures, ContainsSubstring("saw a = -1"));
    CHECK_THAT(failures, ContainsSubstring("saw b = -2"));
    CHECK_THAT(failures, ContainsSubstring("saw c = 101"));
    CHECK_THAT(failures, ContainsSubstring("a check: saw 4\n"));
    CHECK_THAT(failures, ContainsSubstring("\"d\" that the model has read is there more than once"));
    CHECK(failures.find("more than once") < failures.find("saw a")); // rules come first
    prose.record.extractions = {
        extraction_of(0, {metric("a", 0), metric("b", 100), metric("c", 1), metric("d", 2), metric("e", 3)})};
    CHECK(prose.outcome() == Outcome::pass);
}

TEST_CASE("bounds hold for metrics from JSON too") {
    Prose prose({}, {check(PayloadCheck::Kind::metrics, Comparison::greater_equal, 2),
                     check(PayloadCheck::Kind::values, Comparison::less, 5)});
    prose.plan.payloads[0].output = plan::Payload::Output::json;
    prose.record.payloads[0].out.text = R"({"a": 1, "b": 2})";
    CHECK(prose.outcome() == Outcome::pass);
    prose.record.payloads[0].out.text = R"({"a": 7})";
    CHECK(prose.verdict().failures().size() == 2);
}

TEST_CASE("an orphan on either side is a failure that names it") {
    const Prose no_extraction({});
    CHECK(no_extraction.failures() ==
          "payload bench in hot, run 0 of the payloads: there is no extraction for its output, "
          "the record is damaged\n");
    for (const int index : {1, 7, -1}) {
        const Prose no_run({extraction_of(0, {metric("p99", 1)}), extraction_of(index, {metric("p99", 2)})});
        CHECK(no_run.failures() ==
              "the extraction for run " + std::to_string(index) +
                  " of the payloads belongs to no output that a model should read: the record is damaged\n");
    }
    const Prose twice({extraction_of(0, {metric("p99", 1)}), extraction_of(0, {metric("p99", 2)})});
    CHECK_THAT(twice.failures(), ContainsSubstring("the extraction for run 0 of the payloads is there twice"));
    Prose crossed({extraction_of(1, {metric("p99", 1)})});
    CHECK(crossed.verdict().failures().size() == 2);
    // A run whose output is not for a model has no extraction.
    Prose other({extraction_of(0, {metric("p99", 1)}), extraction_of(1, {metric("p99", 1)})});
    other.plan.payloads.push_back({.name = "other", .binary = "other"});
    other.record.payloads.push_back(report_of("other"));
    CHECK(other.verdict().failures().size() == 1);
    other.record.extractions.pop_back();
    CHECK(other.outcome() == Outcome::pass);
}

TEST_CASE("without a model the scenario is skipped and says how to set one up, unless something has failed") {
    struct Row {
        const char* what;
        Outcome with_model;
        Outcome without;
        void (*change)(Prose&);
    };
    const std::array<Row, 11> rows = {{
        {"all is well", Outcome::pass, Outcome::skip, [](Prose&) {}},
        {"an expectation that holds", Outcome::pass, Outcome::skip,
         [](Prose& prose) {
             prose.plan.expectations.push_back(expectation(plan::Expectation::Kind::progress, "progress"));
         }},
        {"an expectation over its metric", Outcome::pass, Outcome::skip, [](Prose& prose) { prose.expect_metric(); }},
        {"a check of its metric", Outcome::pass, Outcome::skip,
         [](Prose& prose) { prose.plan.payloads[0].checks = {check(PayloadCheck::Kind::exists, {}, 0, "p99")}; }},
        {"bounds on its metrics", Outcome::pass, Outcome::skip,
         [](Prose& prose) {
             prose.plan.payloads[0].checks = {check(PayloadCheck::Kind::metrics, Comparison::greater_equal, 1),
                                              check(PayloadCheck::Kind::values, Comparison::less, 10)};
         }},
        {"an expectation that fails", Outcome::fail, Outcome::fail,
         [](Prose& prose) {
             prose.plan.expectations.push_back(expectation(plan::Expectation::Kind::gap, "gap <= 1us", 1000));
         }},
        {"the program itself fails", Outcome::fail, Outcome::fail,
         [](Prose& prose) {
             prose.record.payloads[0].exit_code = 3;
             prose.record.payloads[0].exit = "exit code 3";
         }},
        {"a check on the host fails", Outcome::fail, Outcome::fail,
         [](Prose& prose) {
             prose.plan.checks = {{"check", "fail(\"no\")", true, {}}};
         }},
        {"the run fails", Outcome::fail, Outcome::fail,
         [](Prose& prose) {
             prose.record.end = plan::RunEnd::guest_hung;
             prose.record.message = "silence";
         }},
        {"a report is lost", Outcome::inconclusive, Outcome::skip,
         [](Prose& prose) { prose.record.workers.pop_back(); }},
        {"an orphan", Outcome::fail, Outcome::fail,
         [](Prose& prose) { prose.record.extractions.push_back(extraction_of(5, {})); }},
    }};
    for (const auto& row : rows) {
        INFO(row.what);
        Prose with({extraction_of(0, {metric("p99", 1)})});
        row.change(with);
        CHECK(with.outcome() == row.with_model);
        Prose without({without_model()});
        row.change(without);
        const auto verdict = without.verdict();
        CHECK(verdict.outcome == row.without);
        bool told = false;
        for (const auto& assertion : verdict.assertions)
            told = told ||
                   (assertion.outcome == Outcome::skip &&
                    assertion.message == "payload bench in hot: its output was not read: no language model is set up "
                                         "(set KTSTR_LLM_URL)");
        CHECK((told || without.record.end != plan::RunEnd::completed));
    }
}

TEST_CASE("one output that was not read makes the scenario a skip, however many were") {
    Prose prose({extraction_of(0, {metric("p99", 1)}), without_model(1)});
    prose.record.payloads.push_back(report_of());
    CHECK(prose.outcome() == Outcome::skip);
}

TEST_CASE("a model that finds nothing is reported, and is a failure only where metrics are wanted") {
    auto nothing = extraction_of(0, {});
    nothing.problems = {"standard output: the answer has no JSON object"};
    Prose prose({nothing});
    const auto verdict = prose.verdict();
    CHECK(verdict.outcome == Outcome::pass);
    CHECK(std::any_of(verdict.assertions.begin(), verdict.assertions.end(), [](const auto& assertion) {
        return assertion.message ==
               "payload bench in hot: the model has found no metrics in its output: standard output: "
               "the answer has no JSON object";
    }));
    prose.plan.payloads[0].checks = {check(PayloadCheck::Kind::values, Comparison::less, 10)};
    CHECK(prose.outcome() == Outcome::pass);
    prose.plan.payloads[0].checks = {check(PayloadCheck::Kind::metrics, Comparison::greater_equal, 1)};
    CHECK(prose.outcome() == Outcome::fail);
    CHECK_THAT(prose.failures(), ContainsSubstring("saw 0: standard output: the answer has no JSON object"));
    prose.plan.payloads[0].checks = {};
    prose.expect_metric();
    CHECK(prose.outcome() == Outcome::inconclusive);
}

TEST_CASE("an extraction survives JSON, as far as JSON has numbers") {
    auto extraction = extraction_of(3, {metric("p99", 1.5), metric("bad", INFINITY)});
    extraction.problems = {"a problem"};
    extraction.unavailable = "why";
    extraction.hint = "what to do";
    extraction.model_sha256 = "abc";
    extraction.duration_ns = 7;
    const auto json = plan::to_json(extraction);
    const auto read = plan::extraction_from_json(nlohmann::json::parse(json.dump()));
    REQUIRE(read);
    CHECK(plan::to_json(*read) == json);
    CHECK(std::isnan(read->metrics[1].value));
    CHECK(eval::violations_of(*read) == eval::violations_of(extraction));
    auto damaged = json;
    damaged["metrics"][0]["value"] = "1.5";
    CHECK(!plan::extraction_from_json(damaged));
}
