// SPDX-License-Identifier: GPL-2.0-only
// The words for patterns, for what the run has once, and for notes.
#include <algorithm>
#include <cmath>
#include <set>

#include "interp/eval/findings.h"
#include "interp/eval/units.h"
#include "interp/eval/words.h"
#include "interp/plan/formula_words.h"

namespace ktstr::eval {

using plan::Formula;
using plan::formula_words;
using Kind = plan::Formula::Kind;

namespace {

constexpr std::size_t shown_gaps = 3;

bool holds_a(const Formula& formula, bool (*is)(Kind)) {
    if (is(formula.kind)) return true;
    return std::any_of(formula.operands.begin(), formula.operands.end(),
                       [is](const Formula& operand) { return holds_a(operand, is); });
}

bool is_over_time(Kind kind) { return kind == Kind::series; }

void series_in(const Formula& formula, std::vector<const Formula*>& out) {
    if (formula.kind == Kind::series) out.push_back(&formula);
    for (const auto& operand : formula.operands) series_in(operand, out);
}

// A pattern that could not be answered: the sample in the way, or too few of them.
std::string obstacle(const Term& term, const PatternAnswer& answer, const std::string& reason, std::size_t needed) {
    if (answer.decides < term.size() && !term.constant()) {
        const std::string name = term.timeline->name_of(answer.decides);
        if (answer.truth == Truth::fault) return name + " is not a number";
        return reason.empty() ? name + " has no value" : reason;
    }
    if (!reason.empty()) return reason;
    return "it takes " + counted(needed, "sample") + " with a value, and there " +
           (answer.values == 1 ? "is " : "are ") + std::to_string(answer.values);
}

// Said of a part that decides by being the other way round.
std::string what_it_does(Truth truth) {
    return truth == Truth::yes ? " holds" : (truth == Truth::no ? " does not hold" : "");
}

} // namespace

std::string Findings::text(const Formula& formula) {
    switch (formula.kind) {
    case Kind::always: return always_text(formula);
    case Kind::eventually: return eventually_text(formula);
    case Kind::until: return until_text(formula);
    case Kind::sustained: return sustained_text(formula);
    case Kind::nondecreasing:
    case Kind::increasing: return monotone_text(formula);
    case Kind::steady: return steady_text(formula);
    case Kind::converges: return converges_text(formula);
    default: break;
    }
    if (!holds_a(formula, is_over_time)) return scalars_text(formula);
    if (formula.kind >= Kind::logical_not) return joined_text(formula);
    const Condition condition = evaluation_.condition(formula);
    const Answer answer = evaluation_.answer(formula);
    if (condition.constant() || answer.decides >= condition.size()) {
        const std::string values = scalars_text(formula);
        const std::string missing = reasons(formula, nullptr, 0);
        if (missing.empty() || values.find(missing) != std::string::npos) return values;
        return values + (values.empty() ? "" : ", ") + missing;
    }
    return sample_text(formula, *condition.timeline, answer.decides);
}

std::string Findings::monotone_text(const Formula& formula) {
    const Term term = evaluation_.term(formula.operands[0]);
    const PatternAnswer answer = evaluation_.pattern(formula);
    const auto at = [&](std::size_t i) { return term.timeline->name_of(i); };
    if (answer.truth == Truth::no) {
        const bool same = term.values[answer.decides] == term.values[answer.before];
        std::string found =
            at(answer.decides) + " is " + amount_text(formula.operands[0], term.values[answer.decides]) +
            (same ? ", as " : " after " + amount_text(formula.operands[0], term.values[answer.before]) + " at ") +
            at(answer.before);
        if (answer.deciding > 1)
            found +=
                " (the first of " + std::to_string(answer.deciding) + " of " + counted(answer.looked_at, "step") + ")";
        return found;
    }
    if (answer.truth == Truth::yes)
        return counted(answer.values, "sample") + "; the least step is " +
               amount_text(formula.operands[0], answer.robustness) + ", to " + at(answer.closest);
    return obstacle(term, answer, why(formula.operands[0], term.timeline.get(), answer.decides), 2);
}

std::string Findings::steady_text(const Formula& formula) {
    const Term term = evaluation_.term(formula.operands[0]);
    const PatternAnswer answer = evaluation_.pattern(formula);
    const auto off = [&](std::size_t i) {
        const std::string seen = term.timeline->name_of(i) + " is " + amount_text(formula.operands[0], term.values[i]);
        if (answer.middle == 0) return seen + ", and the mean is 0";
        const double apart = std::fabs(term.values[i] - answer.middle) / std::fabs(answer.middle);
        return seen + ", " + human_ratio(apart) + " off the mean of " + amount_text(formula.operands[0], answer.middle);
    };
    const std::string of = counted(answer.values, "sample");
    if (answer.truth == Truth::yes) return of + "; the farthest: " + off(answer.closest);
    if (answer.truth == Truth::no) {
        std::string found = off(answer.decides);
        if (answer.deciding == 1) return found + " (of " + of + ")";
        found += " (the first of " + std::to_string(answer.deciding) + " of " + of;
        return found + (answer.closest == answer.decides ? ")" : "; the farthest: " + off(answer.closest) + ")");
    }
    return obstacle(term, answer, why(formula.operands[0], term.timeline.get(), answer.decides), 2);
}

std::string Findings::converges_text(const Formula& formula) {
    const Term term = evaluation_.term(formula.operands[0]);
    const PatternAnswer answer = evaluation_.pattern(formula);
    const Term target = evaluation_.term(formula.operands[1]);
    const std::string by = formula.to_ns ? " by " + time_text(evaluation_.window(formula).to_ns.value_or(0)) : "";
    if (answer.truth == Truth::yes)
        return "three samples in a row lie within at " + term.timeline->name_of(answer.decides);
    if (answer.truth != Truth::no) {
        const auto reason = target.slots[0] != Slot::value
                                ? why(formula.operands[1], nullptr, 0)
                                : why(formula.operands[0], term.timeline.get(), answer.decides);
        return obstacle(term, answer, reason, 3) + by;
    }
    const std::string band = amount_text(formula.operands[0], target.values[0] - formula.tolerance) + " .. " +
                             amount_text(formula.operands[0], target.values[0] + formula.tolerance);
    std::string found = "no three of " + counted(answer.values, "sample") + " in a row lie within " + band + by;
    if (answer.closest == Answer::none) return found;
    return found + "; the closest three end at " + term.timeline->name_of(answer.closest) + ", one of them " +
           amount_text(formula.operands[0], -answer.robustness) + " outside";
}

// The parts that make it what it is.
std::string Findings::joined_text(const Formula& formula) {
    const Truth whole = evaluation_.answer(formula).truth;
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < formula.operands.size(); ++i) {
        const Formula& part = formula.operands[i];
        Truth truth = evaluation_.answer(part).truth;
        const bool negated = formula.kind == Kind::logical_not || (formula.kind == Kind::logical_implies && i == 0);
        if (negated) truth = truth_not(truth);
        if (truth == whole)
            texts.push_back("`" + formula_words(part) + "`" + (negated ? what_it_does(truth_not(truth)) : "") + ": " +
                            text(part));
    }
    return listed(texts, "; ");
}

std::string Findings::scalars_text(const Formula& formula) {
    std::vector<std::string> texts;
    const auto add = [&](const auto& self, const Formula& part) -> void {
        const bool leaf = part.kind == Kind::measure || part.kind == Kind::payload || part.kind == Kind::snapshot ||
                          part.kind == Kind::delta || part.kind == Kind::reduce;
        if (leaf) return add_once(texts, value_text(part, nullptr, 0));
        for (const auto& operand : part.operands) self(self, operand);
    };
    add(add, formula);
    return listed(texts);
}

std::vector<std::string> Findings::notes(const Formula& formula) {
    std::vector<const Formula*> leaves;
    series_in(formula, leaves);
    std::vector<std::string> notes;
    for (const Formula* leaf : leaves) {
        const Series& series = evaluation_.series(*leaf);
        if (!series.absent.empty() || series.reasons.empty()) continue;
        std::string note = formula_words(*leaf) + ": " + std::to_string(series.reasons.size()) + " of " +
                           counted(series.size(), "sample") + (series.reasons.size() == 1 ? " has" : " have") +
                           " no value: ";
        std::size_t shown = 0;
        for (const auto& [index, reason] : series.reasons) {
            if (shown == shown_gaps) break;
            note += (shown++ == 0 ? "" : "; ") + series.timeline->name_of(index) + ": " + reason;
        }
        if (series.reasons.size() > shown) note += "; and " + std::to_string(series.reasons.size() - shown) + " more";
        add_once(notes, note);
    }
    return notes;
}

} // namespace ktstr::eval
