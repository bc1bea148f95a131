// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>

#include "interp/eval/evaluate.h"
#include "interp/eval/units.h"
#include "tests/eval/made_up_run.h"

using namespace ktstr;
using namespace ktstr::test;
using eval::evaluate;
using eval::Outcome;

TEST_CASE("a scenario that expects nothing is skipped, not passed") {
    const auto verdict = evaluate(made_up_plan(), made_up_record());
    CHECK(verdict.outcome == Outcome::skip);
    REQUIRE(verdict.assertions.size() == 1);
    CHECK_FALSE(verdict.assertions[0].hint.empty());
}

TEST_CASE("a verdict as JSON has a result per assertion with its source, value, bound and robustness") {
    auto plan = made_up_plan();
    plan.expectations = {expectation(plan::Expectation::Kind::gap, "gap(hot) <= 5ms", 5e6)};
    const auto json = to_json(evaluate(plan, made_up_record()));
    CHECK(json["outcome"] == "pass");
    CHECK(json["expected_failure"] == false);
    const auto& assertion = json["assertions"].at(0);
    CHECK(assertion["kind"] == "gap");
    CHECK(assertion["written"] == "gap(hot) <= 5ms");
    CHECK(assertion["source"] == nlohmann::json({{"file", "scenarios/even.ktl"}, {"line", 9}, {"column", 5}}));
    CHECK(assertion["value"] == 4e6);
    CHECK(assertion["bound"] == 5e6);
    CHECK(assertion["robustness"] == 1e6);
    CHECK(assertion["unit"] == "ns");
}

TEST_CASE("numbers are written with three digits and a unit that fits") {
    CHECK(eval::human_duration(850) == "850 ns");
    CHECK(eval::human_duration(12'300) == "12.3 us");
    CHECK(eval::human_duration(4'560'000) == "4.56 ms");
    CHECK(eval::human_duration(999'999) == "1 ms");
    CHECK(eval::human_duration(3'100'000'000.0) == "3.1 s");
    CHECK(eval::human_duration(125e9) == "2 min 5 s");
    CHECK(eval::human_ratio(0.224) == "22.4 %");
    CHECK(eval::human_ratio(0) == "0 %");
    CHECK(eval::human_rate(960) == "960 /s");
    CHECK(eval::human_rate(12'500) == "12.5 k/s");
    CHECK(eval::human_rate(1.25e6) == "1.25 M/s");
    CHECK(eval::human_count(18'446'744'073'709'551'615.0) == "18446744074 G");
}
