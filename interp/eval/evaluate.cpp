// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/evaluate.h"

#include <algorithm>

#include "interp/eval/checks.h"
#include "interp/eval/expectations.h"
#include "interp/eval/extractions.h"
#include "interp/eval/formulas.h"
#include "interp/eval/payloads.h"
#include "interp/eval/precedence.h"
#include "interp/eval/repro.h"
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

AssertionResult of_expectation(const Expectation& expectation, Outcome outcome, const std::string& text) {
    AssertionResult result;
    result.outcome = outcome;
    result.kind = plan::to_string(expectation.kind);
    result.cgroup = expectation.cgroup;
    result.written = expectation.written;
    result.source = expectation.source;
    result.message = (expectation.written.empty() ? result.kind : expectation.written) + ": " + text;
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

RunResult run_result(const plan::Record& record, const std::vector<AssertionResult>& failures) {
    if (failures.empty()) return RunResult::completed;
    return can_be_expected(record.end) ? RunResult::guest_failed : RunResult::host_failed;
}

// Where a result comes from.
enum class From { run, expectation, not_judged, error, repro, check };

struct Judged {
    From from = From::run;
    AssertionResult result;
};

// All that is said of one run, in the order of the report, and what of it decides.
class Judgement {
  public:
    Judgement(const plan::Plan& plan, const plan::Record& record)
        : plan_(plan), record_(record), series_(record), failures_(run_failures(plan, record)) {
        facts_.run = run_result(record, failures_);
        add(From::run, failures_);
        if (completed()) add(From::expectation, judge_extractions(plan, record));
        if (completed())
            for (auto missing : {missing_reports(plan, record), missing_payloads(plan, record)})
                if (missing) add(From::expectation, {std::move(*missing)});
        for (const auto& expectation : plan.expectations) judge(expectation);
        if (completed()) add(From::expectation, judge_payloads(plan, record));
        judge_repro();
        for (auto& check : judge_checks(plan, record, runs_conditional(facts_.run))) {
            auto& sort = check.always ? facts_.unconditional : facts_.conditional;
            sort = std::max(sort, check.status); // in the order of their weight
            add(From::check, {std::move(check.result)});
        }
        if (judged_.empty()) add(From::expectation, {nothing_expected(plan)});
    }

    Verdict verdict() && {
        const Conclusion conclusion = conclude(facts_);
        Verdict verdict;
        verdict.outcome = conclusion.outcome;
        verdict.expected_failure = conclusion.expected_failure;
        for (auto& [from, result] : judged_) {
            if (from == From::run && !conclusion.reasons.run) continue;
            if (from == From::not_judged && conclusion.expected_failure) result.message += " as expected";
            const bool excused = from == From::expectation && conclusion.expected_failure;
            if (excused && result.outcome >= Outcome::inconclusive) {
                result.outcome = Outcome::skip;
                result.message = "as expected: " + result.message;
            }
            verdict.assertions.push_back(std::move(result));
        }
        return verdict;
    }

  private:
    [[nodiscard]] bool completed() const { return facts_.run == RunResult::completed; }

    void add(From from, std::vector<AssertionResult> results) {
        for (auto& result : results) {
            if (from == From::expectation) {
                facts_.expectations = fold(facts_.expectations, result.outcome);
                facts_.model_unavailable = facts_.model_unavailable || result.asks_skip;
            }
            judged_.push_back({from, std::move(result)});
        }
    }

    void judge(const Expectation& expectation) {
        switch (expectation.kind) {
        case Expectation::Kind::allow_inconclusive: return; // of the exit code
        case Expectation::Kind::error: return judge_error(expectation);
        case Expectation::Kind::repro: return add(From::repro, {of_expectation(expectation, Outcome::skip, "")});
        default: break;
        }
        if (!completed())
            add(From::not_judged, {of_expectation(expectation, Outcome::skip, "not judged, the run failed")});
        else if (expectation.kind == Expectation::Kind::formula)
            add(From::expectation, {judge_formula(plan_, expectation, record_, series_)});
        else
            add(From::expectation, judge_measured(plan_, expectation, record_));
    }

    void judge_error(const Expectation& expectation) {
        auto result = judge_expected_error(expectation, record_, failures_);
        const Expected met = result.outcome == Outcome::pass ? Expected::met : Expected::unmet;
        facts_.error = std::max(facts_.error, met);
        add(From::error, {std::move(result)});
    }

    // Last: whether there is a failure to repeat is known once all is judged.
    void judge_repro() {
        for (auto& [from, result] : judged_) {
            if (from != From::repro) continue;
            const bool failed = completed() ? facts_.expectations == Outcome::fail : true;
            facts_.repro = failed && record_.repro.valid ? Expected::met : Expected::unmet;
            if (facts_.run == RunResult::host_failed)
                result.message +=
                    "not judged: the run ended on the host's side (" + std::string(plan::to_string(record_.end)) + ")";
            else
                judge_expected_repro(result, record_.repro, failed);
        }
    }

    const plan::Plan& plan_;
    const plan::Record& record_;
    RunSeries series_;
    const std::vector<AssertionResult> failures_;
    Facts facts_;
    std::vector<Judged> judged_;
};

} // namespace

Verdict evaluate(const plan::Plan& plan, const plan::Record& record) { return Judgement(plan, record).verdict(); }

} // namespace ktstr::eval
