// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/findings.h"

#include <algorithm>

#include "interp/eval/words.h"
#include "interp/plan/formula_words.h"

namespace ktstr::eval {

using plan::Formula;
using plan::formula_words;
using Kind = plan::Formula::Kind;

namespace {

// What the run has once, by itself: not calculated of other terms.
bool is_seen_once(Kind kind) {
    return kind == Kind::measure || kind == Kind::payload || kind == Kind::snapshot || kind == Kind::delta ||
           kind == Kind::reduce;
}

bool is_temporal(const Formula& formula) {
    return formula.kind == Kind::always || formula.kind == Kind::eventually || formula.kind == Kind::until ||
           formula.kind == Kind::sustained || Evaluation::is_pattern(formula);
}

} // namespace

// --- Values
// ------------------------------------------------------------------------------------------------------------

std::string Findings::why(const Formula& term, const Timeline* timeline, std::size_t index) {
    if (term.kind == Kind::series) {
        const Series& series = evaluation_.series(term);
        const std::string name = formula_words(term);
        if (!series.absent.empty()) return name + " has no value: " + series.absent;
        if (timeline == nullptr) return "";
        const std::size_t at =
            series.timeline.get() == timeline ? index : series.timeline->in_force(timeline->at_ns[index]);
        if (at == series.size()) return name + " has not begun";
        if (series.slots[at] == Slot::value) return "";
        const bool elsewhere = series.timeline->at_ns[at] != timeline->at_ns[index];
        return name + " has no value" + (elsewhere ? " at " + series.timeline->name_of(at) : "") + ": " +
               series.reasons.at(at);
    }
    if (term.kind == Kind::snapshot) {
        const auto value = evaluation_.snapshot(term);
        return value ? "" : value.error().message;
    }
    if (term.kind == Kind::measure || term.kind == Kind::payload)
        return evaluation_.term(term).slots[0] == Slot::value ? "" : seen_(term);
    for (const auto& operand : term.operands)
        if (auto reason = why(operand, is_seen_once(term.kind) ? nullptr : timeline, index); !reason.empty())
            return reason;
    if (term.kind == Kind::delta && evaluation_.term(term).slots[0] != Slot::value)
        return formula_words(term) + " takes two samples";
    if (term.kind == Kind::reduce && evaluation_.term(term).slots[0] != Slot::value)
        return formula_words(term) + " takes a sample";
    if (term.kind == Kind::rate) return "no time passed since the sample before";
    if (term.kind != Kind::divide) return "";
    const Term divisor = evaluation_.term(term.operands[1]);
    const std::size_t at = timeline == nullptr ? 0 : divisor.index_at(*timeline, index);
    const bool zero = at < divisor.size() && divisor.slots[at] == Slot::value && divisor.values[at] == 0;
    return zero ? formula_words(term.operands[1]) + " is 0, which nothing can be divided by" : "";
}

std::string Findings::amount_text(const Formula& term, double value) {
    return number_text(value) + (term.kind == Kind::rate ? "/s" : "");
}

std::string Findings::value_text(const Formula& formula, const Timeline* timeline, std::size_t index) {
    if (formula.kind == Kind::measure || formula.kind == Kind::payload) return seen_(formula);
    const Term term = evaluation_.term(formula);
    const std::size_t at = timeline == nullptr ? 0 : term.index_at(*timeline, index);
    if (at < term.size() && term.slots[at] == Slot::value)
        return formula_words(formula) + " is " + amount_text(formula, term.values[at]);
    const std::string reason = why(formula, timeline, index);
    return reason.empty() ? formula_words(formula) + " has no value" : reason;
}

// The terms of a condition at a sample; each as its name and what is to be said of it.
void Findings::values_at(const Formula& condition, const Timeline& timeline, std::size_t index,
                         std::vector<std::pair<std::string, std::string>>& out) {
    if (is_temporal(condition)) {
        const Condition inner = evaluation_.condition(condition);
        const Truth truth = inner.truth[inner.constant() ? 0 : inner.timeline->in_force(timeline.at_ns[index])];
        const std::string says = truth == Truth::yes  ? " holds"
                                 : truth == Truth::no ? " does not hold"
                                                      : " is not known";
        out.emplace_back("", "`" + formula_words(condition) + "`" + says);
        return;
    }
    const bool terms = condition.kind == Kind::compare || condition.kind == Kind::within;
    for (const auto& operand : condition.operands) {
        if (!terms) {
            values_at(operand, timeline, index, out);
            continue;
        }
        if (operand.kind == Kind::number) continue;
        const std::string name = formula_words(operand);
        const std::string text = value_text(operand, &timeline, index);
        const bool again = std::any_of(out.begin(), out.end(), [&](const auto& item) { return item.second == text; });
        if (!again) out.emplace_back(text.starts_with(name + " is ") ? name : "", text);
    }
}

std::string Findings::sample_text(const Formula& condition, const Timeline& timeline, std::size_t index) {
    std::vector<std::pair<std::string, std::string>> values;
    values_at(condition, timeline, index, values);
    const std::string name = timeline.name_of(index);
    if (values.empty()) return name;
    if (values.size() == 1 && !values[0].first.empty()) return name + values[0].second.substr(values[0].first.size());
    std::vector<std::string> texts;
    for (const auto& value : values) texts.push_back(value.second);
    return "at " + name + " " + listed(texts);
}

// Of all terms that have no value there.
std::string Findings::reasons(const Formula& formula, const Timeline* timeline, std::size_t index) {
    std::vector<std::string> found;
    const auto add = [&](const auto& self, const Formula& part) -> void {
        if (part.kind >= Kind::compare) {
            for (const auto& operand : part.operands) self(self, operand);
            return;
        }
        if (const auto reason = why(part, timeline, index); !reason.empty()) add_once(found, reason);
    };
    add(add, formula);
    return listed(found);
}

// --- Answers
// -----------------------------------------------------------------------------------------------------------

// For what is unknown or was not looked at.
std::string Findings::no_answer(const Formula& formula, const Condition& condition, const Answer& answer) {
    const Formula& inner = formula.operands[0];
    const bool sampled = !condition.constant() && answer.decides < condition.size();
    if (answer.truth == Truth::fault && sampled) return sample_text(inner, *condition.timeline, answer.decides);
    const auto* timeline = sampled ? condition.timeline.get() : nullptr;
    const std::string found = reasons(formula, timeline, answer.decides);
    if (answer.truth != Truth::skipped && !found.empty()) return found;
    if (answer.looked_at > 0)
        return "nothing that was seen decides, and the window reaches beyond the end of the run (" +
               time_text(evaluation_.end_ns()) + ")";
    return found.empty() ? "there is no sample to look at" : found;
}

std::string Findings::always_text(const Formula& formula) {
    const Formula& inner = formula.operands[0];
    const Condition condition = evaluation_.condition(inner);
    const Answer answer = evaluation_.answer(formula);
    if (condition.constant()) return text(inner);
    if (answer.truth == Truth::yes)
        return counted(answer.looked_at, "sample") +
               "; the closest: " + sample_text(inner, *condition.timeline, answer.closest);
    if (answer.truth != Truth::no) return no_answer(formula, condition, answer);
    std::string found = sample_text(inner, *condition.timeline, answer.decides);
    if (answer.deciding == 1) return found;
    found += " (the first of " + std::to_string(answer.deciding) + " of " + counted(answer.looked_at, "sample");
    if (answer.closest != answer.decides)
        found += "; the worst: " + sample_text(inner, *condition.timeline, answer.closest);
    return found + ")";
}

std::string Findings::eventually_text(const Formula& formula) {
    const Formula& inner = formula.operands[0];
    const Condition condition = evaluation_.condition(inner);
    const Answer answer = evaluation_.answer(formula);
    if (condition.constant()) return text(inner);
    if (answer.truth == Truth::yes) return sample_text(inner, *condition.timeline, answer.decides);
    if (answer.truth == Truth::no)
        return "at none of " + counted(answer.looked_at, "sample") +
               "; the closest: " + sample_text(inner, *condition.timeline, answer.closest);
    const std::string reason = no_answer(formula, condition, answer);
    return answer.truth == Truth::fault ? "at no sample that has a value, and " + reason : reason;
}

std::string Findings::until_text(const Formula& formula) {
    const Formula& first = formula.operands[0];
    const Formula& second = formula.operands[1];
    const Window window = evaluation_.window(formula);
    const Answer answer = evaluation_.answer(formula);
    const Condition comes = evaluation_.condition(second);
    const Condition lasts = evaluation_.condition(first);
    if (comes.constant() || lasts.constant()) return joined_text(formula);
    const Answer coming = eventually_in(comes, window);
    const std::string name = "`" + formula_words(second) + "`";
    if (answer.truth == Truth::yes) return "at " + comes.timeline->name_of(coming.decides) + " " + name + " holds";
    Formula never = formula;
    never.operands = {second};
    if (coming.truth != Truth::yes) {
        if (coming.truth != Truth::no) return no_answer(never, comes, coming);
        return name + " holds at none of " + counted(coming.looked_at, "sample") +
               "; the closest: " + sample_text(second, *comes.timeline, coming.closest);
    }
    const std::int64_t until_ns = comes.timeline->at_ns[coming.decides];
    const Answer lasting = always_in(lasts, {.from_ns = 0, .to_ns = until_ns});
    if (lasting.truth == Truth::yes || lasting.decides >= lasts.size()) return no_answer(formula, lasts, lasting);
    return sample_text(first, *lasts.timeline, lasting.decides) + ", before " + name + " holds at " +
           comes.timeline->name_of(coming.decides);
}

std::string Findings::sustained_text(const Formula& formula) {
    const Formula& inner = formula.operands[0];
    const Condition condition = evaluation_.condition(inner);
    const Answer answer = evaluation_.answer(formula);
    if (condition.constant()) return text(inner);
    const std::string in_a_row =
        counted(static_cast<std::size_t>(std::max(1, formula.samples)), "sample") + " in a row";
    if (answer.truth == Truth::yes) return "it never fails at " + in_a_row + ", of " + std::to_string(answer.looked_at);
    if (answer.truth == Truth::no)
        return "it fails at " + in_a_row +
               ", of which the first: " + sample_text(inner, *condition.timeline, answer.decides);
    if (answer.decides < condition.size()) {
        if (answer.truth == Truth::fault)
            return "it fails or is missing at " + in_a_row +
                   ", of which the first: " + sample_text(inner, *condition.timeline, answer.decides);
        return no_answer(formula, condition, answer);
    }
    if (answer.looked_at == 0) return no_answer(formula, condition, answer);
    return in_a_row + " take more than there are: " + std::to_string(answer.looked_at);
}

} // namespace ktstr::eval
