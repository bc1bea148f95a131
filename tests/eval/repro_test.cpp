// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "interp/eval/evaluate.h"
#include "interp/eval/repro.h"
#include "tests/eval/made_up_run.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using eval::evaluate;
using eval::Outcome;
using plan::Expectation;

namespace {

plan::Plan expecting_repro() {
    auto plan = made_up_plan();
    attach(plan, "scx_ktstr");
    plan.expectations = {expectation(Expectation::Kind::repro, "repro", 0, "")};
    return plan;
}

plan::Record crashed(const std::string& reason) {
    auto record = made_up_record();
    record.end = plan::RunEnd::scheduler_exited;
    record.message = "the scheduler ended";
    plan::SchedulerExit exit;
    exit.scheduler = "scx_ktstr";
    exit.attached = true;
    exit.kernel_reason = reason;
    record.scheduler_exits = {exit};
    return record;
}

std::string class_of(const plan::Plan& plan, const plan::Record& record) {
    return failure_class(plan, record, evaluate(plan, record));
}

const plan::Repro valid{.attempted = true, .same_failure = true, .valid = true, .reason = "captured in x.json"};

} // namespace

TEST_CASE("an expected repro passes when the run failed and its artifact is valid") {
    auto record = crashed("runtime error");
    record.repro = valid;
    const auto verdict = evaluate(expecting_repro(), record);
    CHECK(verdict.outcome == Outcome::pass);
    CHECK(verdict.expected_failure);
    REQUIRE(verdict.assertions.size() == 1);
    CHECK_THAT(verdict.assertions[0].message, ContainsSubstring("captured in x.json"));
}

TEST_CASE("an expected repro fails with what is missing") {
    auto record = crashed("runtime error");
    const auto message = [&] {
        const auto verdict = evaluate(expecting_repro(), record);
        CHECK(verdict.outcome == Outcome::fail);
        CHECK_FALSE(verdict.expected_failure);
        return verdict.assertions.back().message;
    };
    CHECK_THAT(message(), ContainsSubstring("was not made again"));
    record.repro = {.attempted = true, .reason = "it did not fail the second time"};
    CHECK_THAT(message(), ContainsSubstring("it did not fail the second time"));
    record.repro = {.attempted = true, .same_failure = true, .reason = "its capture is a placeholder"};
    CHECK_THAT(message(), ContainsSubstring("its capture is a placeholder"));
    CHECK(evaluate(expecting_repro(), record).assertions.front().kind == "run"); // what failed at first is told too
    record = made_up_record();
    record.repro = valid;
    CHECK_THAT(message(), ContainsSubstring("nothing in it failed"));
}

TEST_CASE("an expectation that fails again is an expected repro too, and is told without being a failure") {
    auto plan = expecting_repro();
    plan.expectations.push_back(expectation(Expectation::Kind::gap, "gap(hot) <= 1ms", 1e6));
    auto record = made_up_record();
    record.repro = valid;
    const auto verdict = evaluate(plan, record);
    CHECK(verdict.outcome == Outcome::pass);
    CHECK(verdict.failures().empty());
    REQUIRE(verdict.assertions.size() == 2);
    CHECK_THAT(verdict.assertions[1].message, ContainsSubstring("as expected: gap(hot) <= 1ms: saw 4 ms"));
}

TEST_CASE("neither a wrong error text, nor a failed check, nor an end on the host's side is excused by a repro") {
    auto plan = expecting_repro();
    auto record = crashed("runtime error");
    record.repro = valid;
    SECTION("error text") { plan.expectations.push_back(expected_error("another text")); }
    SECTION("check") { plan.checks = {{"c", "fail('wrong')", true, {"", 1, 1}}}; }
    SECTION("host") { record.end = plan::RunEnd::vm_died; }
    const auto verdict = evaluate(plan, record);
    CHECK(verdict.outcome == Outcome::fail);
    CHECK_FALSE(verdict.failures().empty());
}

TEST_CASE("a scenario that allows inconclusive verdicts has them all the same, and expects nothing by that") {
    auto plan = made_up_plan();
    plan.expectations = {expectation(Expectation::Kind::allow_inconclusive, "allow inconclusive", 0, "")};
    CHECK(evaluate(plan, made_up_record()).outcome == Outcome::skip);
    plan.expectations.push_back(expectation(Expectation::Kind::progress, "progress(hot)"));
    auto record = made_up_record();
    record.workers.clear();
    const auto verdict = evaluate(plan, record);
    CHECK(verdict.outcome == Outcome::inconclusive);
    for (const auto& assertion : verdict.assertions) CHECK(assertion.kind != "allow_inconclusive");
}

TEST_CASE("two failures are alike whatever their numbers, addresses and tasks are") {
    const auto plan = expecting_repro();
    const std::string stall = "sched_ext: BPF scheduler \"ktstr\" disabled (runnable task stall)\n";
    const auto first = class_of(plan, crashed(stall + "sched_ext: spin:0[123] failed to run for 4.120s"));
    const auto again = class_of(plan, crashed(stall + "sched_ext: kworker/1:2[77] failed to run for 5s\n  R spin"));
    CHECK(first == again);
    CHECK_THAT(first, ContainsSubstring("scheduler_exited: sched_ext: BPF scheduler \"ktstr\" disabled"));
    CHECK(class_of(plan, crashed("scx_bpf_error (bad dsq 0x123 on CPU 3)")) ==
          class_of(plan, crashed("scx_bpf_error (bad dsq 0xffff on CPU 11)")));
}

TEST_CASE("two failures are not alike if the reason, the end or what failed of the scenario differs") {
    const auto plan = expecting_repro();
    CHECK(class_of(plan, crashed("disabled (runnable task stall)")) !=
          class_of(plan, crashed("disabled (runtime error)")));
    auto panic = crashed("disabled (runtime error)");
    panic.end = plan::RunEnd::kernel_panicked;
    CHECK(class_of(plan, crashed("disabled (runtime error)")) != class_of(plan, panic));
    auto slow = plan;
    slow.expectations = {expectation(Expectation::Kind::gap, "gap(hot) <= 1ms", 1e6)};
    auto few = plan;
    few.expectations = {expectation(Expectation::Kind::throughput, "throughput(hot) >= 1", -1)};
    CHECK_FALSE(class_of(slow, made_up_record()).empty());
    CHECK(class_of(slow, made_up_record()) != class_of(few, made_up_record()));
}

TEST_CASE("nothing is to be made again of a run that passed or that ended on the host's side") {
    auto plan = made_up_plan();
    plan.expectations = {expectation(Expectation::Kind::progress, "progress(hot)")};
    CHECK(class_of(plan, made_up_record()).empty());
    auto record = made_up_record();
    record.end = plan::RunEnd::vm_died;
    CHECK(class_of(plan, record).empty());
    plan.expectations = {expected_error("anything")}; // a clean run, which is wrong, but there is nothing to repeat
    CHECK(class_of(plan, made_up_record()).empty());
}
