// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/precedence.h"

namespace ktstr::eval {

namespace {

bool has_failed(CheckResult check) { return check == CheckResult::failed || check == CheckResult::error; }

Outcome outcome_of(CheckResult check) {
    if (has_failed(check)) return Outcome::fail;
    return check == CheckResult::passed ? Outcome::pass : Outcome::skip;
}

// The run and its expectations, each set right by what the scenario expects to fail.
Outcome outcome_of_run(const Facts& facts, bool as_expected) {
    const bool expects_failure = facts.error != Expected::no || facts.repro != Expected::no;
    if (facts.run == RunResult::host_failed) return Outcome::fail;
    if (expects_failure) return as_expected ? Outcome::pass : Outcome::fail;
    return facts.run == RunResult::completed ? facts.expectations : Outcome::fail;
}

Conclusion::Reasons failures(const Facts& facts, CheckResult conditional, bool as_expected, bool error_met,
                             bool repro_met) {
    const bool completed = facts.run == RunResult::completed;
    const bool told = facts.run == RunResult::guest_failed && facts.error == Expected::unmet;
    return {.run = !completed && !as_expected && !told,
            .expectations = completed && facts.expectations >= Outcome::inconclusive && !as_expected,
            .error = facts.run != RunResult::host_failed && !error_met,
            .repro = facts.run != RunResult::host_failed && !repro_met,
            .conditional = has_failed(conditional),
            .unconditional = has_failed(facts.unconditional)};
}

} // namespace

Conclusion conclude(const Facts& facts) {
    Conclusion conclusion;
    if (facts.run == RunResult::skipped) {
        conclusion.reasons.run = true;
        return conclusion;
    }
    const CheckResult conditional = runs_conditional(facts.run) ? facts.conditional : CheckResult::none;
    const bool guest_failed = facts.run == RunResult::guest_failed;
    const bool failed = guest_failed || (facts.run == RunResult::completed && facts.expectations == Outcome::fail);
    const bool error_met = facts.error == Expected::no || (facts.error == Expected::met && guest_failed);
    const bool repro_met = facts.repro == Expected::no || (facts.repro == Expected::met && failed);
    const bool expects_failure = facts.error != Expected::no || facts.repro != Expected::no;
    conclusion.expected_failure = expects_failure && failed && error_met && repro_met;

    conclusion.outcome = fold(outcome_of_run(facts, conclusion.expected_failure),
                              fold(outcome_of(conditional), outcome_of(facts.unconditional)));
    conclusion.reasons = failures(facts, conditional, conclusion.expected_failure, error_met, repro_met);

    // What asks for a skip knows why there is nothing to judge; of what failed it hides nothing.
    const bool asked = facts.model_unavailable || conditional == CheckResult::skip_requested ||
                       facts.unconditional == CheckResult::skip_requested;
    if (asked && conclusion.outcome != Outcome::fail) {
        conclusion.outcome = Outcome::skip;
        conclusion.reasons = {.conditional = conditional == CheckResult::skip_requested,
                              .unconditional = facts.unconditional == CheckResult::skip_requested,
                              .model = facts.model_unavailable};
    }
    return conclusion;
}

int exit_code(Outcome outcome, const ExitRules& rules) {
    switch (outcome) {
    case Outcome::pass: return 0;
    case Outcome::skip: return rules.no_skip ? 1 : 0;
    case Outcome::inconclusive: return rules.allow_inconclusive ? 0 : 2;
    case Outcome::fail: return 1;
    }
    return 1;
}

int worse_exit_code(int first, int second) {
    if (first == 1 || second == 1) return 1;
    return first == 2 || second == 2 ? 2 : 0;
}

} // namespace ktstr::eval
