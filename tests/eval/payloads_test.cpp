// SPDX-License-Identifier: GPL-2.0-only
// What is made of what a program has written, however odd it is.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <nlohmann/json.hpp>

#include "interp/eval/evaluate.h"
#include "interp/eval/payloads.h"
#include "interp/plan/requirements.h"
#include "tests/eval/made_up_run.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using eval::Outcome;
using plan::PayloadCheck;
using Output = plan::Payload::Output;

namespace {

plan::Payload payload_of(Output output, const std::string& pattern = "", std::vector<plan::Metric> metrics = {}) {
    plan::Payload payload;
    payload.name = "bench";
    payload.binary = "bench";
    payload.output = output;
    payload.pattern = pattern;
    payload.metrics = std::move(metrics);
    return payload;
}

plan::PayloadReport report_of(const std::string& out, const std::string& err = "") {
    plan::PayloadReport report;
    report.name = "bench";
    report.cgroup = "hot";
    report.source = {"scenarios/even.ktl", 7, 3};
    report.pid = 200;
    report.exit = "exit code 0";
    report.exit_code = 0;
    report.ended_by = "itself";
    report.out.text = out;
    report.err.text = err;
    return report;
}

double value(const eval::PayloadMetrics& metrics, const std::string& name) {
    INFO(name);
    REQUIRE(metrics.find(name) != nullptr);
    return metrics.find(name)->value;
}

eval::PayloadMetrics from_json(const std::string& out, const std::string& err = "") {
    return eval::read_metrics(payload_of(Output::json), report_of(out, err));
}

eval::PayloadMetrics from_text(const std::string& pattern, const std::string& out, int groups = 1) {
    std::vector<plan::Metric> metrics;
    for (int i = 0; i < groups; ++i) metrics.push_back({"m" + std::to_string(i), "us", plan::Metric::Polarity::lower});
    return eval::read_metrics(payload_of(Output::regex, pattern, metrics), report_of(out));
}

PayloadCheck check(PayloadCheck::Kind kind, const std::string& metric, plan::Comparison comparison, double bound) {
    PayloadCheck made;
    made.kind = kind;
    made.metric = metric;
    made.comparison = comparison;
    made.value = bound;
    made.written = "the check";
    made.source = {"scenarios/even.ktl", 2, 5};
    return made;
}

// What is judged of one run of `payload`, with nothing else expected.
eval::Verdict judged(plan::Payload payload, plan::PayloadReport report) {
    auto plan = made_up_plan();
    plan.payloads = {std::move(payload)};
    auto record = made_up_record();
    record.payloads = {std::move(report)};
    return eval::evaluate(plan, record);
}

Outcome outcome_with(PayloadCheck one, const std::string& out) {
    auto payload = payload_of(Output::json);
    payload.checks = {std::move(one)};
    return judged(payload, report_of(out)).assertions.back().outcome;
}

} // namespace

TEST_CASE("every number of a JSON document is a metric with a dotted path") {
    const auto metrics = from_json(R"({"int": {"rps": 12, "p99.9": -1.5}, "jobs": [{"iops": 1e3}, {"iops": 2}, 7],
                                       "name": "x", "ok": true, "none": null, "list": [[1], [], [2]]})");
    CHECK(metrics.values.size() == 7);
    CHECK(value(metrics, "int.rps") == 12);
    CHECK(value(metrics, "int.p99.9") == -1.5);
    CHECK(value(metrics, "jobs.0.iops") == 1000);
    CHECK(value(metrics, "jobs.1.iops") == 2);
    CHECK(value(metrics, "jobs.2") == 7);
    CHECK(value(metrics, "list.2.0") == 2);
    CHECK(metrics.absent.empty());
}

TEST_CASE("a JSON document may stand among other lines") {
    CHECK(value(from_json("[info] starting\n{ not this\n  {\"a\": 1}\nT: 0 {\"a\": 2}\n"), "a") == 1);
    CHECK(value(from_json("{\"note\": \"no number\"}\n{\"a\": 3}"), "a") == 3);
}

TEST_CASE("standard error is read if standard output gives no metric") {
    CHECK(value(from_json("{}", "{\"a\": 1}"), "a") == 1);
    CHECK(value(from_json("{\"a\": 2}", "{\"a\": 1}"), "a") == 2);
}

TEST_CASE("output without a number says why there are no metrics") {
    CHECK(from_json("").absent == "it has written nothing");
    for (const char* text : {"{\"a\": ", "{\"a\": NaN}", "[1e999]", "]", "\xff\xfe{", "true", "{}\n[]\n"})
        CHECK_THAT(from_json(text).absent, ContainsSubstring("no JSON document"));
    CHECK_THAT(from_json(std::string(100'000, '[') + "1").absent, ContainsSubstring("no JSON document"));
    auto cut = report_of("{\"a\": [0,\n[12 bytes are left out here]\n 9]}");
    cut.out.dropped_bytes = 12;
    CHECK_THAT(eval::read_metrics(payload_of(Output::json), cut).absent, ContainsSubstring("12 bytes"));
}

TEST_CASE("a path that is there twice is one metric") {
    const auto metrics = from_json(R"({"a.b": 1, "a": {"b": 2}})");
    CHECK(metrics.values.size() == 1);
    CHECK(value(metrics, "a.b") == 1);
}

TEST_CASE("the groups of a pattern are the metrics in their order, with their units") {
    const auto metrics = from_text("Min: +([0-9]+) Avg: +([0-9.]+)", "# x\nT: 0 Min:    4 Avg:  12.5\n", 2);
    CHECK(value(metrics, "m0") == 4);
    CHECK(value(metrics, "m1") == 12.5);
    CHECK(metrics.values[0].unit == "us");
    CHECK(metrics.values[0].better == plan::Metric::Polarity::lower);
}

TEST_CASE("a pattern finds a line far behind, and no number is cut in two") {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += "line " + std::to_string(i) + " of something\n";
    CHECK(value(from_text("^rps: ([0-9]+)$", text + "rps: 123456\n"), "m0") == 123456);
    // The number lies across the end of the first window, wherever its line begins.
    for (std::size_t before = 4080; before < 4100; ++before)
        CHECK(value(from_text("rps: ([0-9]+)", std::string(before / 2, 'x') + "\n" + std::string(before / 2, 'y') +
                                                   "\nrps: 987654321\n"),
                    "m0") == 987654321);
}

TEST_CASE("a pattern may reach over lines, and an endless line does no harm") {
    CHECK(value(from_text("first\\s+second ([0-9]+)", "first\nsecond 2\n"), "m0") == 2);
    CHECK_THAT(from_text("(a|b)*c([0-9])", std::string(8'000, 'a'), 2).absent, ContainsSubstring("matches"));
}

TEST_CASE("a group that is no number, or took no part in the match, is no metric") {
    const auto metrics = from_text("(x)?y=([^ ]*) z=(.*)", "y=fast z=1.5", 3);
    CHECK(metrics.find("m0") == nullptr);
    CHECK(metrics.find("m1") == nullptr);
    CHECK(value(metrics, "m2") == 1.5);
}

TEST_CASE("a program without output has its exit code for a metric") {
    auto report = report_of("");
    report.exit_code = 3;
    CHECK(value(eval::read_metrics(payload_of(Output::exit_code), report), "exit_code") == 3);
}

TEST_CASE("checks compare, and ask whether a metric exists") {
    using Kind = PayloadCheck::Kind;
    using plan::Comparison;
    CHECK(outcome_with(check(Kind::compare, "a", Comparison::less_equal, 5), R"({"a": 5})") == Outcome::pass);
    CHECK(outcome_with(check(Kind::compare, "a", Comparison::less, 5), R"({"a": 5})") == Outcome::fail);
    CHECK(outcome_with(check(Kind::compare, "b", Comparison::less, 5), R"({"a": 5})") == Outcome::fail);
    CHECK(outcome_with(check(Kind::exists, "a", {}, 0), R"({"a": 0})") == Outcome::pass);
    CHECK(outcome_with(check(Kind::exists, "b", {}, 0), R"({"a": 0})") == Outcome::fail);
    CHECK(outcome_with(check(Kind::exit_code, "", Comparison::equal, 0), R"({"a": 0})") == Outcome::pass);
}

TEST_CASE("a metric that is missing names those that are there") {
    auto payload = payload_of(Output::json);
    payload.checks = {check(PayloadCheck::Kind::exists, "p99", {}, 0)};
    const auto verdict = judged(payload, report_of(R"({"p50": 1, "p999": 2})"));
    CHECK_THAT(verdict.assertions.back().message, ContainsSubstring("there are p50, p999"));
}

TEST_CASE("a program that exits with another code than 0 has failed, unless its own check speaks of that") {
    auto report = report_of("");
    report.exit_code = 3;
    report.exit = "exit code 3";
    CHECK(judged(payload_of(Output::exit_code), report).outcome == Outcome::fail);
    auto payload = payload_of(Output::exit_code);
    payload.checks = {check(PayloadCheck::Kind::exit_code, "", plan::Comparison::equal, 3)};
    CHECK(judged(payload, report).outcome == Outcome::pass);
}

TEST_CASE("a program that dies of a signal has failed") {
    auto report = report_of("");
    report.exit_code = -1;
    report.signal = 9;
    report.exit = "signal 9 (Killed), by the OOM killer";
    const auto verdict = judged(payload_of(Output::exit_code), report);
    CHECK(verdict.outcome == Outcome::fail);
    CHECK_THAT(verdict.assertions.back().message, ContainsSubstring("by the OOM killer"));
}

TEST_CASE("what could not be started or did not end in time has failed, with the op and the errno") {
    auto report = report_of("");
    report.ended_by = "never_started";
    report.exit_code = -1;
    report.exit = "";
    report.error =
        "run_payload at even.ktl:7:3: /ktstr/bin/bench: cannot execute it: ENOENT (No such file or directory)";
    const auto verdict = judged(payload_of(Output::exit_code), report);
    CHECK(verdict.outcome == Outcome::fail);
    CHECK_THAT(verdict.assertions.back().message, ContainsSubstring("ENOENT"));
    CHECK(verdict.assertions.back().source.line == 7);
}

TEST_CASE("a program that the scenario has ended need not have written its metrics") {
    auto payload = payload_of(Output::json);
    payload.checks = {check(PayloadCheck::Kind::exit_code, "", plan::Comparison::equal, 0),
                      check(PayloadCheck::Kind::exists, "a", {}, 0)};
    auto report = report_of("");
    report.ended_by = "teardown";
    report.exit_code = -1;
    report.signal = 15;
    CHECK(judged(payload, report).outcome == Outcome::skip);
    report.out.text = R"({"a": 1})"; // it has had its last words
    CHECK(judged(payload, report).outcome == Outcome::pass);
}

TEST_CASE("formulas take the metrics of payloads, of the last run of several") {
    auto plan = made_up_plan();
    plan.payloads = {payload_of(Output::json)};
    plan::Formula term;
    term.kind = plan::Formula::Kind::payload;
    term.subject = "bench";
    term.path = "a";
    plan::Formula bound;
    bound.number = 10;
    plan::Formula formula;
    formula.kind = plan::Formula::Kind::compare;
    formula.operands = {term, bound};
    CHECK(plan::is_judged(formula));
    auto expected = expectation(plan::Expectation::Kind::formula, "bench.a <= 10");
    expected.formula = formula;
    plan.expectations = {expected};
    auto record = made_up_record();
    record.payloads = {report_of(R"({"a": 11})"), report_of(R"({"a": 9})")};
    auto verdict = eval::evaluate(plan, record);
    CHECK(verdict.outcome == Outcome::pass);
    CHECK(verdict.assertions.front().value == 9);
    CHECK_THAT(verdict.assertions.front().message, ContainsSubstring("in the last of its 2 runs"));
    record.payloads.pop_back();
    CHECK(eval::evaluate(plan, record).outcome == Outcome::fail);
    record.payloads = {report_of("nothing")};
    CHECK(eval::evaluate(plan, record).outcome == Outcome::inconclusive);
}

TEST_CASE("a payload whose report got lost makes the run inconclusive") {
    auto plan = made_up_plan();
    plan.payloads = {payload_of(Output::exit_code)};
    plan.steps[0].ops.push_back({plan::RunPayload{"bench", "hot", {}}, {"scenarios/even.ktl", 7, 3}});
    plan.expectations = {expectation(plan::Expectation::Kind::progress, "progress")};
    CHECK(eval::evaluate(plan, made_up_record()).outcome == Outcome::inconclusive);
}

TEST_CASE("Lua checks see the payloads with their metrics and what they have written") {
    auto plan = made_up_plan();
    plan.payloads = {payload_of(Output::json)};
    plan.checks = {{"numbers",
                    "local p = run:payload('bench')\n"
                    "claim('a'):equals(p:metric('a'), 4)\n"
                    "claim('exit'):equals(p.exit, 'exit code 0')\n"
                    "claim('said'):is_true(p.output:find('\"a\"') ~= nil)",
                    false,
                    {"scenarios/even.ktl", 11, 1}}};
    auto record = made_up_record();
    record.payloads = {report_of(R"({"a": 4})")};
    const auto verdict = eval::evaluate(plan, record);
    INFO(verdict.assertions.back().message);
    CHECK(verdict.outcome == Outcome::pass);
}
