// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/formulas.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "interp/eval/evaluation.h"
#include "interp/eval/findings.h"
#include "interp/eval/payloads.h"
#include "interp/eval/units.h"
#include "interp/eval/workers.h"
#include "interp/plan/formula_words.h"

namespace ktstr::eval {

namespace {

using Kind = plan::Formula::Kind;

double sum_of(const Workers& workers, std::uint64_t plan::WorkerReport::*member) {
    double sum = 0;
    for (const auto* worker : workers) sum += static_cast<double>(worker->*member);
    return sum;
}

// The value that this part of the workers has at most (nearest rank); the worst one's without a quantile.
template <typename Value> double quantile_of(const Workers& workers, double quantile, const Value& value) {
    std::vector<double> values;
    for (const auto* worker : workers) values.push_back(value(*worker));
    std::sort(values.begin(), values.end());
    if (quantile <= 0) return values.back();
    constexpr double rounding = 1e-9; // 0.95 * 20 is 19
    const auto rank = static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(values.size()) - rounding));
    return values[std::clamp<std::size_t>(rank, 1, values.size()) - 1];
}

bool is_quantile(const plan::Formula& measure) { return measure.number > 0 && measure.number < 1; }

std::optional<double> measured(const plan::Formula& measure, const plan::Record& record) {
    using Report = plan::WorkerReport;
    const Workers workers = workers_of(record, measure.cgroup);
    if (workers.empty()) return std::nullopt;
    if (measure.path == "iterations") return sum_of(workers, &Report::iterations);
    if (measure.path == "migrations") return sum_of(workers, &Report::migrations);
    if (measure.path == "cpu_time") return sum_of(workers, &Report::cpu_ns);
    if (measure.path == "throughput") return throughput_of(workers);
    if (measure.path == "gap") return quantile_of(workers, 0, gap_of);
    if (measure.path == "spread") return worst_spread_of(workers);
    if (measure.path == "wake_latency") {
        auto latencies = wake_latencies_of(workers);
        return is_quantile(measure) ? latencies.quantile(measure.number) : latencies.longest();
    }
    if (measure.path == "run_delay")
        return quantile_of(workers, measure.number,
                           [](const Report& worker) { return static_cast<double>(worker.run_delay_ns); });
    const double life = sum_of(workers, &Report::wall_ns);
    return life > 0 ? std::optional(std::max(0.0, 1 - sum_of(workers, &Report::cpu_ns) / life)) : std::nullopt;
}

// The run that one formula is judged on. What is measured of its workers is asked for by the answer and by its words.
class Run {
  public:
    Run(const plan::Plan& of_plan, const plan::Record& of_record) : plan(of_plan), record(of_record) {}

    std::optional<double> value(const plan::Formula& measure) {
        const auto [known, is_new] = measured_.try_emplace({measure.path, measure.cgroup, measure.number});
        if (is_new) known->second = measured(measure, record);
        return known->second;
    }

    const plan::Plan& plan;
    const plan::Record& record;

  private:
    std::map<std::tuple<std::string, std::string, double>, std::optional<double>> measured_;
};

std::string shown(const plan::Formula& measure, double value) {
    const auto& path = measure.path;
    const bool time = path == "gap" || path == "run_delay" || path == "cpu_time" || path == plan::wake_latency;
    const bool ratio = path == "off_cpu" || path == "spread";
    const std::string number = time                   ? human_duration(value)
                               : ratio                ? human_ratio(value)
                               : path == "throughput" ? human_rate(value)
                                                      : human_count(value);
    return plan::formula_words(measure) + " is " + number;
}

std::string plural(std::uint64_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// Of how many wake-ups, and what else there is to know of them.
std::string wake_ups_seen(const plan::Formula& measure, const plan::Record& record) {
    const auto latencies = wake_latencies_of(workers_of(record, measure.cgroup));
    const std::string emulated = record.clock() == "emulated" ? ", by an emulated clock" : "";
    if (latencies.seen() == 0 || !is_quantile(measure) || latencies.samples() >= plan::samples_needed(measure.number))
        return " (" + plural(latencies.seen(), "wake-up") + emulated + ")";
    return " (" + plural(latencies.seen(), "wake-up") + ", of which " + plural(latencies.samples(), "sample") +
           " count; it takes " + std::to_string(plan::samples_needed(measure.number)) + ")";
}

std::string seen(const plan::Formula& term, Run& run) {
    if (term.kind == Kind::payload) return payload_words(term, run.plan, run.record);
    const auto value = run.value(term);
    const std::string more = term.path == plan::wake_latency ? wake_ups_seen(term, run.record) : "";
    return (value ? shown(term, *value) : "nothing was measured for " + plan::formula_words(term)) + more;
}

Outcome outcome_of(Truth truth) {
    if (truth == Truth::yes) return Outcome::pass;
    return truth == Truth::no || truth == Truth::fault ? Outcome::fail : Outcome::inconclusive;
}

// The comparison with a number that a formula consists of, at one sample or at many. Null: it is none.
const plan::Formula* bound_of(const plan::Formula& formula) {
    const bool over_samples =
        formula.kind == Kind::always || formula.kind == Kind::eventually || formula.kind == Kind::sustained;
    if (over_samples) return bound_of(formula.operands[0]);
    const bool bound = formula.kind == Kind::compare && formula.operands[1].kind == Kind::number &&
                       formula.operands[0].kind != Kind::number;
    return bound ? &formula : nullptr;
}

bool speaks_of_snapshots(const plan::Formula& formula) {
    if (formula.kind == Kind::series) return formula.source != "monitor";
    return std::any_of(formula.operands.begin(), formula.operands.end(), speaks_of_snapshots);
}

// The value that was compared: of several samples the one that has the robustness.
std::optional<double> compared_value(Evaluation& evaluation, const plan::Formula& comparison, const Answer& answer) {
    const Term term = evaluation.term(comparison.operands[0]);
    const std::size_t at = term.constant() ? 0 : answer.closest;
    if (at >= term.size() || term.slots[at] != Slot::value) return std::nullopt;
    return term.values[at];
}

bool lacks_model(const plan::Formula& formula, const Run& run) {
    if (formula.kind == Kind::payload) return payload_lacks_model(formula, run.plan, run.record);
    return std::any_of(formula.operands.begin(), formula.operands.end(),
                       [&run](const plan::Formula& operand) { return lacks_model(operand, run); });
}

} // namespace

AssertionResult judge_formula(const plan::Plan& plan, const plan::Expectation& expectation, const plan::Record& record,
                              RunSeries& series) {
    Run run(plan, record);
    const plan::Formula& formula = *expectation.formula;
    Evaluation evaluation(plan, record, series, [&run](const plan::Formula& term) {
        return term.kind == Kind::measure ? run.value(term) : payload_value(term, run.plan, run.record);
    });
    Findings findings(evaluation, [&run](const plan::Formula& term) { return seen(term, run); });
    const Answer answer = evaluation.answer(formula);
    AssertionResult result;
    result.outcome = outcome_of(answer.truth);
    if (result.outcome == Outcome::inconclusive && lacks_model(formula, run)) result.outcome = Outcome::skip;
    result.kind = plan::to_string(expectation.kind);
    result.written = expectation.written;
    result.source = expectation.source;
    if (std::isfinite(answer.robustness)) result.margin = answer.robustness;
    if (const plan::Formula* comparison = bound_of(formula)) {
        result.cgroup = comparison->operands[0].cgroup;
        result.comparison = comparison->comparison;
        result.value = compared_value(evaluation, *comparison, answer);
        result.bound = comparison->operands[1].number;
    }
    result.message = expectation.written + ": " + findings.text(formula);
    if (result.outcome == Outcome::inconclusive && record.snapshots.empty() && speaks_of_snapshots(formula))
        result.hint = "`capture 8 times` in the scenario takes snapshots while it runs";
    result.notes = findings.notes(formula);
    result.judged = judged_series(evaluation, formula, answer.truth == Truth::no || answer.truth == Truth::fault);
    return result;
}

} // namespace ktstr::eval
