// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/evaluate.h"

#include <algorithm>

#include "interp/eval/checks.h"
#include "interp/eval/expectations.h"
#include "interp/eval/extractions.h"
#include "interp/eval/formulas.h"
#include "interp/eval/payloads.h"
#include "interp/eval/run_failure.h"

namespace ktstr::eval {

namespace {

using plan::Expectation;

int planned_workers(const std::vector<plan::Op>& ops) {
    int workers = 0;
    for (const auto& op : ops) {
        if (const auto* add = std::get_if<plan::AddCgroup>(&op.action))
            for (const auto& work : add->spec.works) workers += work.workers;
        if (const auto* spawn = std::get_if<plan::Spawn>(&op.action)) workers += spawn->work.workers;
    }
    return workers;
}

int planned_workers(const plan::Plan& plan) {
    int workers = planned_workers(plan.backdrop);
    for (const auto& step : plan.steps) workers += planned_workers(step.ops);
    return workers;
}

// A report that got lost must not make the rest look good.
std::optional<AssertionResult> missing_reports(const plan::Plan& plan, const plan::Record& record) {
    const auto planned = static_cast<std::size_t>(planned_workers(plan));
    if (record.workers.size() >= planned) return std::nullopt;
    AssertionResult result;
    result.outcome = Outcome::inconclusive;
    result.kind = "workers";
    result.source = plan.source;
    result.value = static_cast<double>(record.workers.size());
    result.bound = static_cast<double>(planned);
    result.comparison = plan::Comparison::greater_equal;
    result.unit = "workers";
    result.message = "only " + std::to_string(record.workers.size()) + " of the " + std::to_string(planned) +
                     " planned workers reported";
    return result;
}

std::optional<AssertionResult> missing_payloads(const plan::Plan& plan, const plan::Record& record) {
    std::size_t planned = 0;
    const auto count = [&planned](const std::vector<plan::Op>& ops) {
        for (const auto& op : ops) planned += std::holds_alternative<plan::RunPayload>(op.action) ? 1 : 0;
    };
    count(plan.backdrop);
    for (const auto& step : plan.steps) count(step.ops);
    if (record.payloads.size() >= planned) return std::nullopt;
    AssertionResult result;
    result.outcome = Outcome::inconclusive;
    result.kind = "payload";
    result.source = plan.source;
    result.message = "only " + std::to_string(record.payloads.size()) + " of the " + std::to_string(planned) +
                     " planned payloads reported";
    return result;
}

AssertionResult not_judged(const Expectation& expectation, bool expected) {
    AssertionResult result;
    result.kind = plan::to_string(expectation.kind);
    result.cgroup = expectation.cgroup;
    result.written = expectation.written;
    result.source = expectation.source;
    result.message = (expectation.written.empty() ? result.kind : expectation.written) +
                     (expected ? ": not judged, the run failed as expected" : ": not judged, the run failed");
    return result;
}

AssertionResult nothing_expected(const plan::Plan& plan) {
    AssertionResult result;
    result.kind = "expectations";
    result.source = plan.source;
    result.message = "the scenario expects nothing, so there is nothing to judge";
    result.hint = "add an expect block, for example: expect { progress }";
    return result;
}

Verdict folded(std::vector<AssertionResult> assertions) {
    Verdict verdict;
    verdict.assertions = std::move(assertions);
    for (const auto& assertion : verdict.assertions) verdict.outcome = fold(verdict.outcome, assertion.outcome);
    return verdict;
}

Verdict judge_failed_run(const plan::Plan& plan, const plan::Record& record, std::vector<AssertionResult> failures) {
    std::vector<AssertionResult> errors;
    for (const auto& expectation : plan.expectations)
        if (expectation.kind == Expectation::Kind::error)
            errors.push_back(judge_expected_error(expectation, record, failures));
    const bool expected = !errors.empty() && std::all_of(errors.begin(), errors.end(), [](const auto& result) {
        return result.outcome == Outcome::pass;
    });
    // A text that was not found says itself what was said instead.
    const bool told =
        std::any_of(errors.begin(), errors.end(), [](const auto& result) { return result.outcome == Outcome::fail; });
    std::vector<AssertionResult> assertions;
    if (!expected && !told) assertions = std::move(failures);
    auto error = errors.begin();
    for (const auto& expectation : plan.expectations)
        assertions.push_back(expectation.kind == Expectation::Kind::error ? std::move(*error++)
                                                                          : not_judged(expectation, expected));
    for (auto& result : judge_checks(plan, record, true)) assertions.push_back(std::move(result));
    Verdict verdict = folded(std::move(assertions));
    verdict.expected_failure = expected;
    return verdict;
}

Verdict judge_clean_run(const plan::Plan& plan, const plan::Record& record) {
    std::vector<AssertionResult> assertions = judge_extractions(plan, record);
    for (auto missing : {missing_reports(plan, record), missing_payloads(plan, record)})
        if (missing) assertions.push_back(std::move(*missing));
    for (const auto& expectation : plan.expectations) {
        if (expectation.kind == Expectation::Kind::error) {
            assertions.push_back(judge_expected_error(expectation, record, {}));
            continue;
        }
        if (expectation.kind == Expectation::Kind::formula) {
            assertions.push_back(judge_formula(plan, expectation, record));
            continue;
        }
        for (auto& result : judge_measured(plan, expectation, record)) assertions.push_back(std::move(result));
    }
    for (auto& result : judge_payloads(plan, record)) assertions.push_back(std::move(result));
    for (auto& result : judge_checks(plan, record, false)) assertions.push_back(std::move(result));
    if (plan.expectations.empty() && plan.checks.empty() && record.payloads.empty())
        assertions.push_back(nothing_expected(plan));
    Verdict verdict = folded(std::move(assertions));
    if (verdict.outcome == Outcome::pass && lacks_model(record)) verdict.outcome = Outcome::skip;
    return verdict;
}

} // namespace

Verdict evaluate(const plan::Plan& plan, const plan::Record& record) {
    auto failures = run_failures(plan, record);
    return failures.empty() ? judge_clean_run(plan, record) : judge_failed_run(plan, record, std::move(failures));
}

} // namespace ktstr::eval
