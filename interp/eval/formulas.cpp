// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/formulas.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "interp/eval/comparison.h"
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

struct Run {
    const plan::Plan& plan;
    const plan::Record& record;
};

std::optional<double> measured(const plan::Formula& measure, const plan::Record& record) {
    using Report = plan::WorkerReport;
    const Workers workers = workers_of(record, measure.cgroup);
    if (workers.empty()) return std::nullopt;
    if (measure.path == "iterations") return sum_of(workers, &Report::iterations);
    if (measure.path == "migrations") return sum_of(workers, &Report::migrations);
    if (measure.path == "cpu_time") return sum_of(workers, &Report::cpu_ns);
    if (measure.path == "throughput") return throughput_of(workers);
    if (measure.path == "gap") return quantile_of(workers, 0, gap_of);
    if (measure.path == "run_delay")
        return quantile_of(workers, measure.number,
                           [](const Report& worker) { return static_cast<double>(worker.run_delay_ns); });
    const double life = sum_of(workers, &Report::wall_ns);
    return life > 0 ? std::optional(std::max(0.0, 1 - sum_of(workers, &Report::cpu_ns) / life)) : std::nullopt;
}

std::optional<double> value_of(const plan::Formula& term, const Run& run) {
    if (term.kind == Kind::number) return term.number;
    if (term.kind == Kind::measure) return measured(term, run.record);
    if (term.kind == Kind::payload) return payload_value(term, run.plan, run.record);
    const auto a = value_of(term.operands[0], run);
    const auto b = value_of(term.operands[1], run);
    if (!a || !b) return std::nullopt;
    if (term.kind == Kind::add) return *a + *b;
    if (term.kind == Kind::subtract) return *a - *b;
    if (term.kind == Kind::multiply) return *a * *b;
    return *b == 0 ? std::nullopt : std::optional(*a / *b);
}

Outcome negated(Outcome outcome) {
    if (outcome == Outcome::pass) return Outcome::fail;
    return outcome == Outcome::fail ? Outcome::pass : outcome;
}

Outcome outcome_of(const plan::Formula& condition, const Run& run) {
    const auto operand = [&](std::size_t i) { return outcome_of(condition.operands[i], run); };
    const auto certain = [](bool holds) { return holds ? Outcome::pass : Outcome::fail; };
    switch (condition.kind) {
    case Kind::logical_not: return negated(operand(0));
    case Kind::logical_implies: {
        const Outcome first = negated(operand(0));
        return first == Outcome::pass ? first : std::min(first, operand(1)); // pass is the weakest of the three
    }
    case Kind::logical_and: {
        Outcome all = Outcome::pass;
        for (std::size_t i = 0; i < condition.operands.size(); ++i) all = std::max(all, operand(i));
        return all;
    }
    case Kind::logical_or: {
        Outcome any = Outcome::fail;
        for (std::size_t i = 0; i < condition.operands.size(); ++i) any = std::min(any, operand(i));
        return any;
    }
    default: break;
    }
    std::array<std::optional<double>, 3> values;
    for (std::size_t i = 0; i < condition.operands.size() && i < values.size(); ++i) {
        values.at(i) = value_of(condition.operands[i], run);
        if (!values.at(i) || std::isnan(*values.at(i))) return Outcome::inconclusive;
    }
    if (condition.kind == Kind::within) return certain(*values[0] >= *values[1] && *values[0] <= *values[2]);
    return certain(holds(*values[0], condition.comparison, *values[1]));
}

std::string shown(const plan::Formula& measure, double value) {
    const auto& path = measure.path;
    const bool time = path == "gap" || path == "run_delay" || path == "cpu_time";
    const std::string number = time                   ? human_duration(value)
                               : path == "off_cpu"    ? human_ratio(value)
                               : path == "throughput" ? human_rate(value)
                                                      : human_count(value);
    return plan::formula_words(measure) + " is " + number;
}

std::string seen(const plan::Formula& term, const Run& run) {
    if (term.kind == Kind::payload) return payload_words(term, run.plan, run.record);
    const auto value = measured(term, run.record);
    return value ? shown(term, *value) : "nothing was measured for " + plan::formula_words(term);
}

// What was measured, each thing once.
void describe(const plan::Formula& formula, const Run& run, std::vector<std::string>& out) {
    if (formula.kind == Kind::measure || formula.kind == Kind::payload) {
        const std::string text = seen(formula, run);
        if (std::find(out.begin(), out.end(), text) == out.end()) out.push_back(text);
    }
    for (const auto& operand : formula.operands) describe(operand, run, out);
}

} // namespace

AssertionResult judge_formula(const plan::Plan& plan, const plan::Expectation& expectation,
                              const plan::Record& record) {
    const Run run{plan, record};
    const plan::Formula& formula = *expectation.formula;
    AssertionResult result;
    result.outcome = outcome_of(formula, run);
    result.kind = plan::to_string(expectation.kind);
    result.written = expectation.written;
    result.source = expectation.source;
    const bool bound = formula.kind == Kind::compare && formula.operands[1].kind == Kind::number;
    if (bound && (formula.operands[0].kind == Kind::measure || formula.operands[0].kind == Kind::payload)) {
        result.cgroup = formula.operands[0].cgroup;
        result.comparison = formula.comparison;
        result.value = value_of(formula.operands[0], run);
        result.bound = formula.operands[1].number;
    }
    std::vector<std::string> texts;
    describe(formula, run, texts);
    result.message = expectation.written + ": ";
    for (const auto& text : texts) result.message += (&text == &texts.front() ? "" : ", ") + text;
    return result;
}

} // namespace ktstr::eval
