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
using plan::RunEnd;
using Kind = plan::Expectation::Kind;

namespace {

const std::vector<RunEnd> all_ends = {
    RunEnd::completed,        RunEnd::scheduler_not_found, RunEnd::kernel_unusable, RunEnd::scheduler_attach_failed,
    RunEnd::scheduler_exited, RunEnd::executor_failed,     RunEnd::kernel_panicked, RunEnd::guest_hung,
    RunEnd::vm_died,          RunEnd::interrupted,         RunEnd::host_failed};

plan::Record ended(RunEnd end, const std::string& message) {
    auto record = made_up_record();
    record.end = end;
    record.message = message;
    record.hint = "the way out";
    return record;
}

plan::Plan expecting(std::vector<plan::Expectation> expectations) {
    auto plan = made_up_plan();
    plan.expectations = std::move(expectations);
    return plan;
}

const eval::AssertionResult& first_of(const eval::Verdict& verdict, const std::string& kind) {
    for (const auto& assertion : verdict.assertions)
        if (assertion.kind == kind) return assertion;
    FAIL("no assertion of kind " << kind);
    std::abort();
}

} // namespace

TEST_CASE(
    "every end of a run but completed fails a scenario that expects no error, with the record's message and hint") {
    for (const auto end : all_ends) {
        CAPTURE(plan::to_string(end));
        const auto verdict = evaluate(expecting({expectation(Kind::progress, "progress")}), ended(end, "it broke"));
        if (end == RunEnd::completed) {
            CHECK(verdict.outcome == Outcome::pass);
            continue;
        }
        CHECK(verdict.outcome == Outcome::fail);
        CHECK(first_of(verdict, "run").message == "it broke");
        CHECK(first_of(verdict, "run").hint == "the way out");
        CHECK(first_of(verdict, "progress").outcome == Outcome::skip);
        CHECK_FALSE(verdict.expected_failure);
    }
}

TEST_CASE("an expected error turns a guest's failure into a pass and never a host's") {
    struct Row {
        RunEnd end;
        Outcome matching;
        Outcome other_text;
    };
    const std::vector<Row> table = {
        {RunEnd::completed, Outcome::fail, Outcome::fail},
        {RunEnd::scheduler_not_found, Outcome::fail, Outcome::fail},
        {RunEnd::kernel_unusable, Outcome::fail, Outcome::fail},
        {RunEnd::scheduler_attach_failed, Outcome::pass, Outcome::fail},
        {RunEnd::scheduler_exited, Outcome::pass, Outcome::fail},
        {RunEnd::executor_failed, Outcome::pass, Outcome::fail},
        {RunEnd::kernel_panicked, Outcome::pass, Outcome::fail},
        {RunEnd::guest_hung, Outcome::pass, Outcome::fail},
        {RunEnd::vm_died, Outcome::fail, Outcome::fail},
        {RunEnd::interrupted, Outcome::fail, Outcome::fail},
        {RunEnd::host_failed, Outcome::fail, Outcome::fail},
    };
    REQUIRE(table.size() == all_ends.size());
    for (const auto& row : table) {
        CAPTURE(plan::to_string(row.end));
        const auto record = ended(row.end, "runnable task stall");
        const auto matched = evaluate(expecting({expected_error("task stall")}), record);
        CHECK(matched.outcome == row.matching);
        CHECK(matched.expected_failure == (row.matching == Outcome::pass));
        const auto mismatched = evaluate(expecting({expected_error("verifier")}), record);
        CHECK(mismatched.outcome == row.other_text);
        CHECK_FALSE(mismatched.expected_failure);
    }
}

TEST_CASE("a failure on the host's side keeps its own message under an expected error") {
    const auto verdict = evaluate(expecting({expected_error("QEMU")}), ended(RunEnd::vm_died, "QEMU ended: signal 9"));
    CHECK(first_of(verdict, "run").message == "QEMU ended: signal 9");
    CHECK(first_of(verdict, "error").outcome == Outcome::skip);
}

TEST_CASE("a clean run under an expected error fails and says so") {
    const auto verdict = evaluate(expecting({expected_error("stall")}), made_up_record());
    CHECK(verdict.outcome == Outcome::fail);
    CHECK_THAT(first_of(verdict, "error").message, ContainsSubstring("was expected to fail, but it completed"));
}

TEST_CASE("an expected error says where its text was found, and quotes the line") {
    auto record = ended(RunEnd::scheduler_exited, "the scheduler ended");
    const auto expect_found = [&](const std::string& where) {
        const auto verdict = evaluate(expecting({expected_error("task stall")}), record);
        REQUIRE(verdict.outcome == Outcome::pass);
        CHECK_THAT(first_of(verdict, "error").message, ContainsSubstring("found in " + where));
        CHECK_THAT(first_of(verdict, "error").message, ContainsSubstring("a task stall here"));
    };
    record.console = "first\na task stall here\nlast\n";
    expect_found("the kernel console");
    record.scheduler_log = "log\na task stall here\n";
    expect_found("the scheduler's log");
    plan::SchedulerExit exit;
    exit.attached = true;
    exit.kernel_reason = "a task stall here";
    record.scheduler_exits = {exit};
    expect_found("the kernel's reason for the scheduler's exit");
    record.message = "a task stall here";
    expect_found("the run's message");
}

TEST_CASE("a wrong text fails by showing what was said instead") {
    auto record = ended(RunEnd::scheduler_exited, "the scheduler was disabled");
    plan::SchedulerExit exit;
    exit.attached = true;
    exit.kernel_reason = "runtime error: invalid CPU";
    record.scheduler_exits = {exit};
    record.scheduler_log = "attached\nEXIT: runtime error\n\n";
    const auto verdict = evaluate(expecting({expected_error("task stall")}), record);
    CHECK_THAT(first_of(verdict, "error").message,
               ContainsSubstring("the scheduler's last words: EXIT: runtime error"));
    CHECK_THAT(first_of(verdict, "error").message, ContainsSubstring("the scheduler was disabled"));
    CHECK_THAT(first_of(verdict, "error").message, ContainsSubstring("runtime error: invalid CPU"));
    CHECK(first_of(verdict, "error").source.line == 9);
}

TEST_CASE("a text that is looked for may stand in the dump that a scheduler writes, as it may in the kernel's own") {
    auto record = ended(RunEnd::scheduler_exited, "the scheduler was disabled");
    plan::SchedulerExit exit;
    exit.attached = true;
    exit.kernel_reason = "disabled (runnable task stall)\nCPU 1: nr_run=4 flags=0x0";
    record.scheduler_exits = {exit};
    record.scheduler_log = "Runqueue states\n  CPU 0: nr_run=7\nEXIT: stall\n";
    for (const std::string text : {"CPU 1: nr_run=4", "CPU 0: nr_run=7", "runnable task stall", "was disabled"}) {
        CAPTURE(text);
        CHECK(evaluate(expecting({expected_error(text)}), record).outcome == Outcome::pass);
    }
    CHECK(evaluate(expecting({expected_error("CPU [01]: nr_run=[0-9]$", true)}), record).outcome == Outcome::pass);
    CHECK(evaluate(expecting({expected_error("nr_run=9")}), record).outcome == Outcome::fail);
}

TEST_CASE("a panic is not explained by what the scheduler printed before it") {
    auto record = ended(RunEnd::kernel_panicked, "the kernel panicked");
    record.scheduler_log = "watchdog: stall";
    CHECK(evaluate(expecting({expected_error("stall")}), record).outcome == Outcome::fail);
    CHECK(evaluate(expecting({expected_error("")}), record).outcome == Outcome::fail);
    record.console = "Kernel panic - not syncing: stall\n";
    CHECK(evaluate(expecting({expected_error("stall")}), record).outcome == Outcome::pass);
}

TEST_CASE("an expected error without a text is satisfied by any failure of the scheduler") {
    CHECK(evaluate(expecting({expected_error("")}), ended(RunEnd::scheduler_exited, "gone")).outcome == Outcome::pass);
}

TEST_CASE("the kernel command line on the console does not satisfy an expected error") {
    auto record = ended(RunEnd::scheduler_exited, "the scheduler ended");
    record.console = "[    0.000000] Command line: panic=-1\n[    0.01] Kernel command line: panic=-1\n";
    CHECK(evaluate(expecting({expected_error("panic")}), record).outcome == Outcome::fail);
}

TEST_CASE("every one of several expected errors must be found") {
    const auto record = ended(RunEnd::scheduler_exited, "stall on CPU 3");
    CHECK(evaluate(expecting({expected_error("stall"), expected_error("CPU 3")}), record).outcome == Outcome::pass);
    CHECK(evaluate(expecting({expected_error("stall"), expected_error("CPU 4")}), record).outcome == Outcome::fail);
}

TEST_CASE("an expected error may be a regular expression, matched line by line") {
    auto record = ended(RunEnd::scheduler_exited, "the scheduler ended");
    record.scheduler_log = "EXIT: stalled for 5.2s\nsecond line\n";
    CHECK(evaluate(expecting({expected_error(R"(stalled for [0-9.]+s$)", true)}), record).outcome == Outcome::pass);
    CHECK(evaluate(expecting({expected_error("stalled.*second", true)}), record).outcome == Outcome::fail);
    const auto broken = evaluate(expecting({expected_error("(", true)}), record);
    CHECK(broken.outcome == Outcome::fail);
    CHECK_THAT(first_of(broken, "error").message, ContainsSubstring("regular expression \"(\""));
}

TEST_CASE("an endless line in a log does not end the evaluator") {
    auto record = ended(RunEnd::scheduler_exited, "the scheduler ended");
    record.scheduler_log = std::string(256U << 10U, 'x') + " stall";
    CHECK(evaluate(expecting({expected_error("(x|y)*z", true)}), record).outcome == Outcome::fail);
    const auto found = evaluate(expecting({expected_error("stall")}), record);
    CHECK(found.outcome == Outcome::pass);
    CHECK_THAT(first_of(found, "error").message, ContainsSubstring(": stall"));
}

TEST_CASE("a worker that ended by itself fails the run unless that was expected") {
    auto record = made_up_record();
    record.workers[2].exit = "signal 9 (Killed)";
    const auto verdict = evaluate(expecting({expectation(Kind::progress, "progress")}), record);
    CHECK(verdict.outcome == Outcome::fail);
    CHECK(first_of(verdict, "workers").message == "worker 2 (spin_wait in hot) ended by itself: signal 9 (Killed)");
    const auto expected = evaluate(expecting({expected_error("signal 9")}), record);
    CHECK(expected.outcome == Outcome::pass);
    CHECK(expected.expected_failure);
}

TEST_CASE("a worker that could not be stopped fails the run") {
    auto record = made_up_record();
    record.workers[0].exit = "killed";
    const auto verdict = evaluate(expecting({expectation(Kind::progress, "progress")}), record);
    CHECK(verdict.outcome == Outcome::fail);
    CHECK_THAT(first_of(verdict, "workers").message, ContainsSubstring("did not stop when it was asked to"));
}

TEST_CASE("a scheduler that went away unasked fails a run that claims to have completed") {
    auto record = made_up_record();
    plan::SchedulerExit exit;
    exit.attached = true;
    exit.exit_code = 0;
    record.scheduler_exits = {exit};
    const auto plan = expecting({expectation(Kind::progress, "progress")});
    CHECK(evaluate(plan, record).outcome == Outcome::fail);
    record.scheduler_exits[0].requested = true;
    CHECK(evaluate(plan, record).outcome == Outcome::pass);
}

TEST_CASE("a report that got lost makes the run inconclusive, and a real failure beside it still wins") {
    auto record = made_up_record();
    record.workers.pop_back();
    const auto verdict = evaluate(expecting({expectation(Kind::progress, "progress")}), record);
    CHECK(verdict.outcome == Outcome::inconclusive);
    CHECK(first_of(verdict, "workers").message == "only 3 of the 4 planned workers reported");
    record.workers[0].work_units = 0;
    CHECK(evaluate(expecting({expectation(Kind::progress, "progress")}), record).outcome == Outcome::fail);
}
