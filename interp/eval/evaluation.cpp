// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/evaluation.h"

#include <algorithm>

#include "interp/eval/observed.h"

namespace ktstr::eval {

using plan::Formula;
using Kind = plan::Formula::Kind;

namespace {

// When the run was over: the end of its window, or of what was seen of it.
std::int64_t end_of(const plan::Plan& plan, const plan::Record& record) {
    auto end = static_cast<std::int64_t>(std::max(plan.duration_ns, record.workload_ns));
    for (const auto& snapshot : record.snapshots) end = std::max(end, snapshot.at_ns);
    for (const auto& sample : record.monitor.samples) end = std::max(end, sample.at_ns);
    return end;
}

// A time of a plan, which may be a number that no clock comes to.
std::int64_t time_of(std::uint64_t ns) {
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(std::min(ns, most));
}

Reduction reduction_of(const Formula& formula) {
    if (formula.kind == Kind::delta) return Reduction::delta;
    if (formula.path == "first") return Reduction::first;
    if (formula.path == "last") return Reduction::last;
    if (formula.path == "mean") return Reduction::mean;
    return formula.path == "min" ? Reduction::min : Reduction::max;
}

Arithmetic arithmetic_of(Kind kind) {
    if (kind == Kind::add) return Arithmetic::add;
    if (kind == Kind::subtract) return Arithmetic::subtract;
    return kind == Kind::multiply ? Arithmetic::multiply : Arithmetic::divide;
}

Condition constant(const Answer& answer) { return {nullptr, {answer.truth}, {answer.robustness}}; }

// What a condition says at the first sample that it can be looked at.
Answer at_first(const Condition& condition) {
    Answer answer;
    for (std::size_t i = 0; i < condition.size(); ++i) {
        if (condition.truth[i] == Truth::skipped) continue;
        answer = {.truth = condition.truth[i], .robustness = condition.robustness[i], .decides = i, .closest = i};
        answer.looked_at = answer.deciding = 1;
        break;
    }
    return answer;
}

} // namespace

Evaluation::Evaluation(const plan::Plan& plan, const plan::Record& record, RunSeries& series, Measured measured)
    : plan_(plan), record_(record), measured_(std::move(measured)), end_ns_(end_of(plan, record)), series_(series) {}

bool Evaluation::is_pattern(const Formula& formula) {
    return formula.kind == Kind::nondecreasing || formula.kind == Kind::increasing || formula.kind == Kind::steady ||
           formula.kind == Kind::converges;
}

const Series& Evaluation::series(const Formula& term) { return series_.get(term.source + "." + term.path); }

// A watch takes snapshots of its name with a number: NAME#1, NAME#2. Of several of one name the last counts.
Result<double> Evaluation::snapshot(const Formula& term) {
    const plan::Snapshot* found = nullptr;
    std::string taken;
    for (const auto& snapshot : record_.snapshots) {
        if (snapshot.name == term.subject || snapshot.name.starts_with(term.subject + "#")) found = &snapshot;
        if (snapshot.trigger != "periodic") taken += (taken.empty() ? "" : ", ") + snapshot.name;
    }
    if (found == nullptr)
        return Error{"no snapshot '" + term.subject + "' was taken (taken: " + (taken.empty() ? "none" : taken) + ")"};
    if (!found->state) return Error{"the snapshot '" + found->name + "' could not be taken: " + found->reason};
    return variable_at(*found->state, term.path);
}

std::optional<int> Evaluation::phase_of(const std::string& step) const {
    for (std::size_t i = 0; i < plan_.steps.size(); ++i)
        if (plan_.steps[i].name == step) return static_cast<int>(i) + 1;
    return std::nullopt;
}

Term Evaluation::reduced(const Formula& formula) {
    const std::optional<int> phase = phase_of(formula.subject);
    if (!formula.subject.empty() && !phase) return undefined_term();
    return reduce(term(formula.operands[0]), reduction_of(formula), formula.subject.empty() ? std::nullopt : phase);
}

Term Evaluation::term(const Formula& formula) {
    switch (formula.kind) {
    case Kind::number: return constant_term(formula.number);
    case Kind::series: return series(formula).term();
    case Kind::snapshot: {
        const auto value = snapshot(formula);
        return value ? constant_term(*value) : undefined_term();
    }
    case Kind::rate: return rate_of(term(formula.operands[0]));
    case Kind::delta:
    case Kind::reduce: return reduced(formula);
    case Kind::add:
    case Kind::subtract:
    case Kind::multiply:
    case Kind::divide:
        return calculate(arithmetic_of(formula.kind), term(formula.operands[0]), term(formula.operands[1]));
    default: break;
    }
    const auto value = measured_(formula);
    return value ? constant_term(*value) : undefined_term();
}

Window Evaluation::window(const Formula& formula) const {
    Window window{.from_ns = time_of(formula.from_ns), .to_ns = {}, .end_ns = end_ns_};
    if (formula.to_ns) window.to_ns = time_of(*formula.to_ns);
    return window;
}

PatternAnswer Evaluation::pattern(const Formula& formula) {
    const Term subject = term(formula.operands[0]);
    if (formula.kind == Kind::nondecreasing) return nondecreasing(subject);
    if (formula.kind == Kind::increasing) return increasing(subject);
    if (formula.kind == Kind::steady) return steady(subject, formula.tolerance, time_of(formula.from_ns));
    const Term target = term(formula.operands[1]);
    if (!target.constant() || target.slots[0] != Slot::value) {
        PatternAnswer unknown;
        unknown.truth = Truth::unknown;
        return unknown;
    }
    return converges(subject, target.values[0], formula.tolerance, time_of(formula.to_ns.value_or(UINT64_MAX)));
}

Condition Evaluation::condition(const Formula& formula) {
    const auto operand = [&](std::size_t i) { return condition(formula.operands[i]); };
    switch (formula.kind) {
    case Kind::compare: return compare(term(formula.operands[0]), formula.comparison, term(formula.operands[1]));
    case Kind::within: {
        const Term subject = term(formula.operands[0]);
        return conjunction(compare(subject, plan::Comparison::greater_equal, term(formula.operands[1])),
                           compare(subject, plan::Comparison::less_equal, term(formula.operands[2])));
    }
    case Kind::rise: return rises(operand(0));
    case Kind::fall: return falls(operand(0));
    case Kind::logical_not: return negation(operand(0));
    case Kind::logical_and:
    case Kind::logical_or: {
        Condition all = operand(0);
        for (std::size_t i = 1; i < formula.operands.size(); ++i)
            all = formula.kind == Kind::logical_and ? conjunction(all, operand(i)) : disjunction(all, operand(i));
        return all;
    }
    case Kind::logical_implies: return disjunction(negation(operand(0)), operand(1));
    case Kind::always: return always(operand(0), window(formula));
    case Kind::eventually: return eventually(operand(0), window(formula));
    case Kind::until: return until(operand(0), operand(1), window(formula));
    default: return constant(answer(formula)); // sustained and the patterns: one answer for the run
    }
}

Answer Evaluation::answer(const Formula& formula) {
    const auto operand = [&](std::size_t i) { return answer(formula.operands[i]); };
    switch (formula.kind) {
    case Kind::logical_not: return answer_not(operand(0));
    case Kind::logical_and:
    case Kind::logical_or: {
        Answer all = operand(0);
        for (std::size_t i = 1; i < formula.operands.size(); ++i)
            all = formula.kind == Kind::logical_and ? answer_and(all, operand(i)) : answer_or(all, operand(i));
        return all;
    }
    case Kind::logical_implies: return answer_or(answer_not(operand(0)), operand(1));
    case Kind::always: return always_in(condition(formula.operands[0]), window(formula));
    case Kind::eventually: return eventually_in(condition(formula.operands[0]), window(formula));
    case Kind::until: return until_in(condition(formula.operands[0]), condition(formula.operands[1]), window(formula));
    case Kind::sustained: {
        const Condition inner = condition(formula.operands[0]);
        if (inner.constant()) return at_first(inner);
        return sustained(inner, static_cast<std::size_t>(std::max(1, formula.samples)));
    }
    default: break;
    }
    if (is_pattern(formula)) return pattern(formula);
    return at_first(condition(formula));
}

} // namespace ktstr::eval
