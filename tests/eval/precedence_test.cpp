// SPDX-License-Identifier: GPL-2.0-only
// The truth table of the verdict, whole: each combination of facts against a specification that is written in another
// form, an ordered list of rules of which the first that applies decides.
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "interp/eval/precedence.h"

using namespace ktstr::eval;

namespace {

constexpr std::array outcomes{Outcome::skip, Outcome::pass, Outcome::inconclusive, Outcome::fail};
constexpr std::array runs{RunResult::completed, RunResult::guest_failed, RunResult::skipped, RunResult::host_failed};
constexpr std::array expected{Expected::no, Expected::met, Expected::unmet};
constexpr std::array check_results{CheckResult::none, CheckResult::passed, CheckResult::skip_requested,
                                   CheckResult::failed, CheckResult::error};

void for_all(const std::function<void(const Facts&)>& look) {
    for (const auto run : runs)
        for (const auto expectations : outcomes)
            for (const auto error : expected)
                for (const auto repro : expected)
                    for (const auto conditional : check_results)
                        for (const auto unconditional : check_results)
                            for (const bool model : {false, true})
                                look({run, expectations, error, repro, conditional, unconditional, model});
}

// --- The specification -----------------------------------------------------------------------------------------------

bool completed(const Facts& f) { return f.run == RunResult::completed; }
bool guest_failed(const Facts& f) { return f.run == RunResult::guest_failed; }
bool bad(CheckResult check) { return check == CheckResult::failed || check == CheckResult::error; }
bool failing_check(const Facts& f) { return bad(f.unconditional) || (completed(f) && bad(f.conditional)); }
bool skip_wanted(const Facts& f) {
    return f.model_unavailable || f.unconditional == CheckResult::skip_requested ||
           (completed(f) && f.conditional == CheckResult::skip_requested);
}
bool expectation_failed(const Facts& f) { return completed(f) && f.expectations == Outcome::fail; }
bool check_passed(const Facts& f) {
    return f.unconditional == CheckResult::passed || (completed(f) && f.conditional == CheckResult::passed);
}

struct Rule {
    std::string says;
    std::function<bool(const Facts&)> applies;
    Outcome outcome;
    bool expected_failure = false;
};

// The expected failure is said apart from the outcome: a failed check does not change what the run was.
bool failed_as_expected(const Facts& f) {
    if (f.error == Expected::unmet || f.repro == Expected::unmet) return false;
    if (f.error == Expected::met) return guest_failed(f);
    return f.repro == Expected::met && (guest_failed(f) || expectation_failed(f));
}

const std::vector<Rule>& rules() {
    static const std::vector<Rule> list = {
        {"what was not run is skipped", [](const Facts& f) { return f.run == RunResult::skipped; }, Outcome::skip},
        {"a check that failed is never excused", failing_check, Outcome::fail},
        {"an end on the host's side is never excused", [](const Facts& f) { return f.run == RunResult::host_failed; },
         Outcome::fail},
        {"a clean run under `error` fails", [](const Facts& f) { return f.error != Expected::no && completed(f); },
         Outcome::fail},
        {"another error than the declared one fails", [](const Facts& f) { return f.error == Expected::unmet; },
         Outcome::fail},
        {"`repro` needs a failure",
         [](const Facts& f) { return f.repro != Expected::no && completed(f) && f.expectations != Outcome::fail; },
         Outcome::fail},
        {"`repro` needs a valid artifact", [](const Facts& f) { return f.repro == Expected::unmet; }, Outcome::fail},
        {"a failed run that nobody expects fails",
         [](const Facts& f) { return guest_failed(f) && f.error == Expected::no && f.repro == Expected::no; },
         Outcome::fail},
        {"an expectation that does not hold fails",
         [](const Facts& f) { return expectation_failed(f) && f.repro == Expected::no; }, Outcome::fail},
        {"nothing failed, and a check or a missing model asks for a skip", skip_wanted, Outcome::skip},
        {"it failed as expected", failed_as_expected, Outcome::pass},
        {"what gave no signal is inconclusive",
         [](const Facts& f) { return completed(f) && f.expectations == Outcome::inconclusive; }, Outcome::inconclusive},
        {"something was judged and held",
         [](const Facts& f) { return check_passed(f) || (completed(f) && f.expectations == Outcome::pass); },
         Outcome::pass},
        {"nothing was judged", [](const Facts&) { return true; }, Outcome::skip},
    };
    return list;
}

std::size_t deciding(const Facts& facts) {
    std::size_t i = 0;
    while (!rules()[i].applies(facts)) ++i;
    return i;
}

std::string words(const Facts& f) {
    const auto number = [](auto value) { return std::to_string(static_cast<int>(value)); };
    return "run " + number(f.run) + ", expectations " + std::string(to_string(f.expectations)) + ", error " +
           number(f.error) + ", repro " + number(f.repro) + ", conditional " + number(f.conditional) +
           ", unconditional " + number(f.unconditional) + ", model unavailable " + number(f.model_unavailable);
}

} // namespace

TEST_CASE("the verdict of every combination of facts is that of the first rule that applies") {
    std::vector<std::size_t> used(rules().size());
    std::size_t count = 0;
    for_all([&](const Facts& facts) {
        ++count;
        const std::size_t rule = deciding(facts);
        ++used[rule];
        const auto conclusion = conclude(facts);
        const bool right =
            conclusion.outcome == rules()[rule].outcome && conclusion.expected_failure == failed_as_expected(facts);
        if (right) return;
        INFO(words(facts));
        INFO(rules()[rule].says);
        CHECK(conclusion.outcome == rules()[rule].outcome);
        CHECK(conclusion.expected_failure == failed_as_expected(facts));
    });
    CHECK(count == 4U * 4 * 3 * 3 * 5 * 5 * 2);
    for (std::size_t i = 0; i < used.size(); ++i) {
        INFO(rules()[i].says);
        CHECK(used[i] > 0);
    }
}

TEST_CASE("the exit code of every verdict under every rule is as the README has it") {
    struct Row {
        Outcome outcome;
        bool allow_inconclusive;
        bool no_skip;
        int exit_code;
    };
    const std::vector<Row> table = {
        {Outcome::pass, false, false, 0},         {Outcome::pass, false, true, 0},
        {Outcome::pass, true, false, 0},          {Outcome::pass, true, true, 0},
        {Outcome::skip, false, false, 0},         {Outcome::skip, false, true, 1},
        {Outcome::skip, true, false, 0},          {Outcome::skip, true, true, 1},
        {Outcome::inconclusive, false, false, 2}, {Outcome::inconclusive, false, true, 2},
        {Outcome::inconclusive, true, false, 0},  {Outcome::inconclusive, true, true, 0},
        {Outcome::fail, false, false, 1},         {Outcome::fail, false, true, 1},
        {Outcome::fail, true, false, 1},          {Outcome::fail, true, true, 1},
    };
    for (const auto& row : table) CHECK(exit_code(row.outcome, {row.allow_inconclusive, row.no_skip}) == row.exit_code);
}

TEST_CASE("of two exit codes 1 is worse than 2, which is worse than 0, in whatever order they come") {
    const std::vector<int> worst_first = {1, 2, 0};
    for (std::size_t i = 0; i < worst_first.size(); ++i)
        for (std::size_t j = 0; j < worst_first.size(); ++j)
            CHECK(worse_exit_code(worst_first[i], worst_first[j]) == worst_first[std::min(i, j)]);
}

TEST_CASE("outcomes are a lattice: fold is commutative, associative and idempotent, skip changes nothing, fail all") {
    for (const auto a : outcomes) {
        CHECK(fold(a, a) == a);
        CHECK(fold(Outcome::skip, a) == a);
        CHECK(fold(a, Outcome::skip) == a);
        CHECK(fold(Outcome::fail, a) == Outcome::fail);
        for (const auto b : outcomes) {
            CHECK(fold(a, b) == fold(b, a));
            CHECK(fold(a, fold(a, b)) == fold(a, b));
            for (const auto c : outcomes) CHECK(fold(fold(a, b), c) == fold(a, fold(b, c)));
        }
    }
    CHECK(fold(Outcome::fail, Outcome::inconclusive) == Outcome::fail);
    CHECK(fold(Outcome::inconclusive, Outcome::pass) == Outcome::inconclusive);
    CHECK(fold(Outcome::pass, Outcome::skip) == Outcome::pass);
}

TEST_CASE("a failure is never without a reason, and names each check that failed") {
    for_all([](const Facts& facts) {
        const auto conclusion = conclude(facts);
        const auto& why = conclusion.reasons;
        const bool any =
            why.run || why.expectations || why.error || why.repro || why.conditional || why.unconditional || why.model;
        bool right = true;
        if (conclusion.outcome == Outcome::fail || conclusion.outcome == Outcome::inconclusive) right = any;
        if (conclusion.outcome == Outcome::pass) right = !any;
        if (conclusion.outcome == Outcome::fail) {
            right = right && why.unconditional == bad(facts.unconditional);
            right = right && why.conditional == (completed(facts) && bad(facts.conditional));
            right = right && !why.model;
        }
        if (right) return;
        INFO(words(facts));
        CHECK(right);
    });
}

TEST_CASE("what was expected, and what another message says better, is no reason") {
    for_all([](const Facts& facts) {
        const auto conclusion = conclude(facts);
        const auto& why = conclusion.reasons;
        bool right = !conclusion.expected_failure || (!why.run && !why.expectations && !why.error && !why.repro);
        // A text that did not match says what was said instead.
        if (guest_failed(facts) && facts.error == Expected::unmet) right = right && !why.run && why.error;
        // An end on the host's side is not the scheduler's.
        if (facts.run == RunResult::host_failed) right = right && why.run && !why.error && !why.repro;
        // Of a scenario that was skipped before it ran only that is said.
        if (facts.run == RunResult::skipped) right = right && why == Conclusion::Reasons{.run = true};
        if (right) return;
        INFO(words(facts));
        CHECK(right);
    });
}

TEST_CASE("one more failing check never makes a verdict better, and a skip never hides a failure") {
    for_all([](const Facts& facts) {
        const auto before = conclude(facts).outcome;
        if (facts.run == RunResult::skipped) return;
        auto failing = facts;
        failing.unconditional = CheckResult::failed;
        auto skipping = facts;
        skipping.model_unavailable = true;
        const bool right = conclude(failing).outcome == Outcome::fail &&
                           (before == Outcome::fail) == (conclude(skipping).outcome == Outcome::fail);
        if (right) return;
        INFO(words(facts));
        CHECK(right);
    });
}
