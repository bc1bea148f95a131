// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "interp/eval/evaluate.h"
#include "tests/eval/made_up_run.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using eval::evaluate;
using eval::Outcome;

namespace {

plan::Plan checking(const std::string& lua, bool always = false) {
    auto plan = made_up_plan();
    plan.checks = {{"enough work", lua, always, {"scenarios/even.ktl", 20, 3}}};
    return plan;
}

} // namespace

TEST_CASE("a Lua check that claims what is so passes, and needs no other expectation") {
    const auto verdict =
        evaluate(checking("claim('workers'):equals(#run:workers{cgroup = 'hot'}, 4)"), made_up_record());
    REQUIRE(verdict.assertions.size() == 1);
    CHECK(verdict.outcome == Outcome::pass);
    CHECK(verdict.assertions[0].kind == "check");
}

TEST_CASE("a claim that does not hold fails the run and points at its line") {
    const auto verdict =
        evaluate(checking("local n = #run:workers{}\nclaim('workers'):at_most(n, 1)"), made_up_record());
    CHECK(verdict.outcome == Outcome::fail);
    REQUIRE(verdict.assertions.size() == 1);
    CHECK(verdict.assertions[0].source.line == 21);
    CHECK_THAT(verdict.assertions[0].message, ContainsSubstring("workers"));
}

TEST_CASE("a script with an error in it has failed: it said nothing about the run") {
    const auto verdict = evaluate(checking("\nlocal x = nothing.at_all"), made_up_record());
    CHECK(verdict.outcome == Outcome::fail);
    CHECK(verdict.assertions.at(0).source.line == 21);
}

TEST_CASE("a script can skip itself, with the reason") {
    const auto verdict = evaluate(checking("skip('no such counter')"), made_up_record());
    CHECK(verdict.outcome == Outcome::skip);
    CHECK_THAT(verdict.assertions.at(0).message, ContainsSubstring("no such counter"));
}

TEST_CASE("after a failed run only the checks marked `always` are made") {
    auto record = made_up_record();
    record.end = plan::RunEnd::kernel_panicked;
    record.message = "Kernel panic";
    const auto result_of = [&](bool always) {
        const auto verdict = evaluate(checking("claim('panic'):is_true(true)", always), record);
        CHECK(verdict.outcome == Outcome::fail);
        return verdict.assertions.back();
    };
    CHECK(result_of(false).outcome == Outcome::skip);
    CHECK(result_of(true).outcome == Outcome::pass);
}
