// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/temporal.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "interp/eval/comparison.h"
#include "interp/eval/sweep.h"

namespace ktstr::eval {

namespace {

// Which truth prevails where several come together. Indices are those of Truth.
using Ranks = std::array<int, 5>;         // no, yes, unknown, fault, skipped
constexpr Ranks of_and = {4, 0, 2, 3, 1}; // of two conditions at one sample: what is skipped in one is in both
constexpr Ranks of_or = {0, 4, 2, 3, 1};
constexpr Ranks of_all = {4, 1, 2, 3, 0}; // of one condition at many samples: those that are skipped do not count
constexpr Ranks of_any = {1, 4, 2, 3, 0};

int rank(const Ranks& ranks, Truth truth) { return ranks[static_cast<std::size_t>(truth)]; }

Truth prevailing(const Ranks& ranks, Truth left, Truth right) {
    return rank(ranks, left) >= rank(ranks, right) ? left : right;
}

double distance(double left, plan::Comparison comparison, double right) {
    double apart = 0;
    switch (comparison) {
    case plan::Comparison::less:
    case plan::Comparison::less_equal: apart = right - left; break;
    case plan::Comparison::greater:
    case plan::Comparison::greater_equal: apart = left - right; break;
    case plan::Comparison::equal: apart = -std::fabs(left - right); break;
    case plan::Comparison::not_equal: apart = std::fabs(left - right); break;
    }
    return std::isnan(apart) ? 0 : apart; // both infinite
}

Truth truth_of(Slot slot) {
    if (slot == Slot::skipped) return Truth::skipped;
    return slot == Slot::undefined ? Truth::unknown : Truth::fault;
}

template <bool all> Condition joined(const Condition& left, const Condition& right) {
    const Pairs pairs(left, right);
    Condition result = empty_like(pairs.timeline(), pairs.size());
    pairs.each([&](std::size_t i, std::size_t l, std::size_t r) {
        const Truth a = l == Joint::none ? Truth::skipped : left.truth[l];
        const Truth b = r == Joint::none ? Truth::skipped : right.truth[r];
        const Truth truth = prevailing(all ? of_and : of_or, a, b);
        result.truth[i] = truth;
        if (!certain(truth)) return;
        const double x = l == Joint::none ? nan : left.robustness[l];
        const double y = r == Joint::none ? nan : right.robustness[r];
        result.robustness[i] = all ? least(x, y) : most(x, y);
    });
    return result;
}

template <bool all> Condition over_windows(const Condition& condition, const Window& window) {
    if (condition.constant()) return condition;
    constexpr Truth decisive = all ? Truth::no : Truth::yes;
    Condition result = empty_like(condition.timeline, condition.size());
    Ranges ranges(*condition.timeline, window);
    Aggregate<all> aggregate(condition);
    for (std::size_t i = 0; i < condition.size(); ++i) {
        const Range range = ranges.from(i);
        aggregate.move_to(range.first, range.end);
        const Truth truth = aggregate.truth();
        if (range.cut_off && truth != decisive) continue;
        result.truth[i] = truth;
        if (certain(truth)) result.robustness[i] = aggregate.robustness();
    }
    return result;
}

Range range_of(const Condition& condition, const Window& window) {
    if (condition.constant()) return {0, 1, false};
    return range_from_start(*condition.timeline, window);
}

template <bool all> Answer answer_over(const Condition& condition, const Range& range) {
    const Ranks& ranks = all ? of_all : of_any;
    Answer answer;
    for (std::size_t i = range.first; i < range.end; ++i) {
        const Truth truth = condition.truth[i];
        const double robustness = condition.robustness[i];
        if (truth != Truth::skipped) ++answer.looked_at;
        if (truth != answer.truth && rank(ranks, truth) > rank(ranks, answer.truth)) {
            answer.truth = truth;
            answer.decides = i;
            answer.deciding = 0;
        }
        if (truth == answer.truth) ++answer.deciding;
        const bool closer = all ? robustness < answer.robustness : robustness > answer.robustness;
        if (!std::isnan(robustness) && (std::isnan(answer.robustness) || closer)) {
            answer.robustness = robustness;
            answer.closest = i;
        }
    }
    constexpr Truth decisive = all ? Truth::no : Truth::yes;
    if (range.cut_off && answer.truth != decisive) answer.truth = Truth::skipped;
    if (!certain(answer.truth)) answer.robustness = nan;
    return answer;
}

} // namespace

Truth truth_not(Truth truth) {
    if (!certain(truth)) return truth;
    return truth == Truth::yes ? Truth::no : Truth::yes;
}

Truth truth_and(Truth left, Truth right) { return prevailing(of_and, left, right); }
Truth truth_or(Truth left, Truth right) { return prevailing(of_or, left, right); }

Answer answer_not(Answer answer) {
    answer.truth = truth_not(answer.truth);
    answer.robustness = -answer.robustness;
    return answer;
}

Answer answer_and(const Answer& left, const Answer& right) {
    Answer answer;
    answer.truth = truth_and(left.truth, right.truth);
    if (certain(answer.truth)) answer.robustness = least(left.robustness, right.robustness);
    return answer;
}

Answer answer_or(const Answer& left, const Answer& right) {
    Answer answer;
    answer.truth = truth_or(left.truth, right.truth);
    if (certain(answer.truth)) answer.robustness = most(left.robustness, right.robustness);
    return answer;
}

Condition compare(const Term& left, plan::Comparison comparison, const Term& right) {
    const Pairs pairs(left, right);
    Condition result = empty_like(pairs.timeline(), pairs.size());
    pairs.each([&](std::size_t i, std::size_t l, std::size_t r) {
        if (l == Joint::none || r == Joint::none) return;
        const double a = left.values[l];
        const double b = right.values[r];
        if (const Slot slot = both(left.slots[l], right.slots[r]); slot != Slot::value)
            result.truth[i] = truth_of(slot);
        else if (std::isnan(a) || std::isnan(b))
            result.truth[i] = Truth::fault;
        else {
            result.truth[i] = holds(a, comparison, b) ? Truth::yes : Truth::no;
            result.robustness[i] = distance(a, comparison, b);
        }
    });
    return result;
}

Condition negation(Condition condition) {
    for (auto& truth : condition.truth) truth = truth_not(truth);
    for (auto& robustness : condition.robustness) robustness = -robustness;
    return condition;
}

Condition conjunction(const Condition& left, const Condition& right) { return joined<true>(left, right); }
Condition disjunction(const Condition& left, const Condition& right) { return joined<false>(left, right); }

Condition rises(const Condition& condition) {
    Condition result = empty_like(condition.timeline, condition.size());
    Truth before = Truth::skipped;
    double robustness = nan;
    for (std::size_t i = 0; i < condition.size(); ++i) {
        const Truth here = condition.truth[i];
        if (here == Truth::fault || here == Truth::skipped) continue;
        if (before != Truth::skipped) {
            result.truth[i] = truth_and(here, truth_not(before));
            if (certain(result.truth[i])) result.robustness[i] = least(condition.robustness[i], -robustness);
        }
        before = here;
        robustness = condition.robustness[i];
    }
    return result;
}

Condition falls(Condition condition) { return rises(negation(std::move(condition))); }

Condition always(const Condition& condition, const Window& window) { return over_windows<true>(condition, window); }
Condition eventually(const Condition& condition, const Window& window) {
    return over_windows<false>(condition, window);
}

Answer always_in(const Condition& condition, const Window& window) {
    return answer_over<true>(condition, range_of(condition, window));
}

Answer eventually_in(const Condition& condition, const Window& window) {
    return answer_over<false>(condition, range_of(condition, window));
}

Answer sustained(const Condition& condition, std::size_t samples) {
    std::vector<std::size_t> places; // of those that count
    Condition counted;
    for (std::size_t i = 0; i < condition.size(); ++i) {
        if (condition.truth[i] == Truth::skipped) continue;
        places.push_back(i);
        counted.truth.push_back(condition.truth[i]);
        counted.robustness.push_back(condition.robustness[i]);
    }
    Answer answer;
    if (places.size() < samples) {
        answer.truth = places.empty() ? Truth::skipped : Truth::unknown;
        answer.looked_at = places.size();
        return answer;
    }
    const std::size_t runs = places.size() - samples + 1;
    Condition best = empty_like(nullptr, runs); // of each `samples` samples
    Aggregate<false> aggregate(counted);
    for (std::size_t i = 0; i < runs; ++i) {
        aggregate.move_to(i, i + samples);
        best.truth[i] = aggregate.truth();
        if (certain(best.truth[i])) best.robustness[i] = aggregate.robustness();
    }
    answer = answer_over<true>(best, {0, runs, false});
    answer.looked_at = places.size();
    if (answer.decides != Answer::none) answer.decides = places[answer.decides];
    if (answer.closest != Answer::none) answer.closest = places[answer.closest];
    return answer;
}

} // namespace ktstr::eval
