// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <malloc.h>
#include <nlohmann/json.hpp>

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

TEST_CASE("after a run that came to its end both sorts of checks are made, and both failures are told") {
    auto plan = checking("claim('one'):is_true(false)");
    plan.checks.push_back({"state", "fail('two')", true, {"scenarios/even.ktl", 30, 3}});
    plan.expectations = {expectation(plan::Expectation::Kind::gap, "gap(hot) <= 1ms", 1e6)};
    const auto verdict = evaluate(plan, made_up_record());
    CHECK(verdict.outcome == Outcome::fail);
    const auto failures = verdict.failures();
    REQUIRE(failures.size() == 3); // the expectation that failed keeps no check from looking
    CHECK_THAT(failures[1]->message, ContainsSubstring("check \"enough work\": one"));
    CHECK_THAT(failures[2]->message, ContainsSubstring("check \"state\": two"));
}

TEST_CASE("a check that asks for a skip skips the scenario, whatever else passed or could not be judged") {
    auto plan = checking("skip('no such counter')");
    plan.checks.push_back({"held", "claim('x'):is_true(true)", true, {"scenarios/even.ktl", 30, 3}});
    plan.expectations = {expectation(plan::Expectation::Kind::progress, "progress(hot)")};
    const auto verdict = evaluate(plan, made_up_record());
    CHECK(verdict.outcome == Outcome::skip);
    REQUIRE(verdict.skipped_by() != nullptr);
    CHECK_THAT(verdict.skipped_by()->message, ContainsSubstring("no such counter"));
    auto silent = made_up_record();
    silent.workers.pop_back();
    CHECK(evaluate(plan, silent).outcome == Outcome::skip);
}

TEST_CASE("a skip that a check asks for hides no failure: of a check, of an expectation, of the run") {
    auto plan = checking("skip('no such counter')", true);
    SECTION("of a check") {
        plan.checks.push_back({"state", "claim('x'):is_true(false)", true, {"scenarios/even.ktl", 30, 3}});
        CHECK(evaluate(plan, made_up_record()).outcome == Outcome::fail);
    }
    SECTION("of a check with an error in it") {
        plan.checks.push_back({"state", "nothing.at_all()", false, {"scenarios/even.ktl", 30, 3}});
        CHECK(evaluate(plan, made_up_record()).outcome == Outcome::fail);
    }
    SECTION("of an expectation") {
        plan.expectations = {expectation(plan::Expectation::Kind::gap, "gap(hot) <= 1ms", 1e6)};
        CHECK(evaluate(plan, made_up_record()).outcome == Outcome::fail);
    }
    SECTION("of the run") {
        auto record = made_up_record();
        record.end = plan::RunEnd::scheduler_exited;
        record.message = "the scheduler went";
        CHECK(evaluate(plan, record).outcome == Outcome::fail);
        plan.expectations = {expected_error("the scheduler went")};
        CHECK(evaluate(plan, record).outcome == Outcome::skip); // an expected failure is none
    }
}

TEST_CASE("an expected error does not excuse a check that failed") {
    auto record = made_up_record();
    record.end = plan::RunEnd::scheduler_exited;
    record.message = "stall";
    auto plan = checking("claim('dump'):is_true(false)", true);
    plan.expectations = {expected_error("stall")};
    const auto verdict = evaluate(plan, record);
    CHECK(verdict.outcome == Outcome::fail);
    CHECK(verdict.expected_failure);
    REQUIRE(verdict.failures().size() == 1);
    CHECK(verdict.failures()[0]->kind == "check");
}

TEST_CASE("checks that run away or blow up fail one by one and leave no memory behind") {
    auto plan = checking("while true do end");
    plan.checks.push_back(
        {"memory", "local t = {} while true do t[#t + 1] = string.rep('x', 1e5) end", true, {"", 30, 3}});
    plan.checks.push_back({"depth", "local function f() return 1 + f() end f()", true, {"", 40, 3}});
    plan.checks.push_back({"fine", "claim('x'):is_true(true)", false, {"", 50, 3}});
    const auto judge = [&plan] { return evaluate(plan, made_up_record()); };
    const auto verdict = judge();
    CHECK(verdict.outcome == Outcome::fail);
    REQUIRE(verdict.assertions.size() == 4);
    CHECK_THAT(verdict.assertions[0].message, ContainsSubstring("instructions"));
    CHECK_THAT(verdict.assertions[1].message, ContainsSubstring("memory"));
    CHECK_THAT(verdict.assertions[2].message, ContainsSubstring("stack overflow"));
    CHECK(verdict.assertions[3].outcome == Outcome::pass);
    // One memory check holds up to 96 MiB while it runs.
    const auto held = [] { return ::mallinfo2().uordblks + ::mallinfo2().hblkhd; };
    const std::size_t before = held();
    for (int i = 0; i < 2; ++i) CHECK(judge().outcome == Outcome::fail);
    CHECK(held() < before + (std::size_t{1} << 20U));
}

TEST_CASE("a Lua check can ask for any series that the record can give") {
    auto record = made_up_record();
    for (int i = 0; i < 3; ++i) {
        plan::Snapshot snapshot{
            .name = "periodic_00" + std::to_string(i), .trigger = "periodic", .at_ns = i * 1000, .step = i - 1};
        if (i != 1)
            snapshot.state = std::make_shared<const nlohmann::json>(
                nlohmann::json{{"variables", {{{"name", "n"}, {"value", {{"sum", 10 * i}}}}}}});
        else
            snapshot.reason = "no answer";
        record.snapshots.push_back(snapshot);
    }
    record.monitor.names = {"load"};
    record.monitor.samples = {{0, -1, {0.5}}, {100, 0, {1.5}}};
    const auto verdict = evaluate(checking(R"(
        local sums = run:series("bpf.n.sum")
        claim("samples"):equals(#sums, 3)
        claim("value"):equals(sums[3].value, 20)
        claim("gap"):is_true(sums[2].gap:find("no answer") ~= nil)
        claim("tag"):equals(sums[3].tag, "periodic_002")
        claim("phase"):equals(sums[3].phase, 2)
        claim("load"):equals(run:series("monitor.load")[2].value, 1.5)
        claim("again"):equals(#run:series("bpf.n.sum"), 3)
        local _, none = pcall(function() return run:series("monitor.nr_running") end)
        claim("none"):is_true(none:find("the monitor has no such value") ~= nil)
        local _, unknown = pcall(function() return run:series("n") end)
        claim("unknown"):is_true(unknown:find("bpf.NAME") ~= nil)
    )"),
                                  record);
    INFO(verdict.assertions.at(0).message);
    CHECK(verdict.outcome == Outcome::pass);
}

TEST_CASE("a Lua check cannot make series without end") {
    auto record = made_up_record();
    record.monitor.names = {"load"};
    for (int i = 0; i < 500; ++i) record.monitor.samples.push_back({i, 0, {1}});
    record.snapshots.resize(500);
    const auto verdict =
        evaluate(checking("for i = 1, 1e9 do run:series('bpf.v' .. i) end claim('x'):is_true(true)"), record);
    CHECK(verdict.outcome == Outcome::fail);
    CHECK_THAT(verdict.assertions.at(0).message, ContainsSubstring("instructions"));
}
