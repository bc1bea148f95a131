// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/patterns.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ktstr::eval {

namespace {

// Notes that one comparison of a pattern, at sample `at`, holds with this much to spare, or does not.
void compared(PatternAnswer& answer, bool holds, double robustness, std::size_t at, std::size_t before) {
    ++answer.looked_at;
    if (std::isnan(answer.robustness) || robustness < answer.robustness) {
        answer.robustness = robustness;
        answer.closest = at;
    }
    if (holds) return;
    ++answer.deciding;
    if (answer.truth == Truth::no) return;
    answer.truth = Truth::no;
    answer.decides = at;
    answer.before = before;
}

// What stands in the way of an answer: the first sample that is not a number, or undefined.
struct Obstacles {
    std::size_t not_a_number = Answer::none;
    std::size_t undefined = Answer::none;

    // Whether the slot has a number.
    bool pass(const Term& term, std::size_t at) {
        if (term.slots[at] == Slot::undefined) undefined = std::min(undefined, at);
        if (term.slots[at] != Slot::value) return false;
        if (!std::isnan(term.values[at])) return true;
        not_a_number = std::min(not_a_number, at);
        return false;
    }
};

// After all comparisons. A refutation stands whatever else there was.
void conclude(PatternAnswer& answer, const Obstacles& obstacles, bool enough) {
    if (answer.truth == Truth::no) return;
    if (obstacles.not_a_number != Answer::none) {
        answer.truth = Truth::fault;
        answer.decides = obstacles.not_a_number;
    } else if (obstacles.undefined != Answer::none || !enough) {
        answer.truth = Truth::unknown;
        answer.decides = obstacles.undefined;
    } else {
        answer.truth = Truth::yes;
        return;
    }
    answer.robustness = std::numeric_limits<double>::quiet_NaN();
}

PatternAnswer monotone(const Term& term, bool strictly) {
    PatternAnswer answer;
    Obstacles obstacles;
    std::size_t before = Answer::none;
    for (std::size_t i = 0; i < term.size(); ++i) {
        if (!obstacles.pass(term, i)) continue;
        ++answer.values;
        if (before != Answer::none) {
            const double from = term.values[before];
            const double to = term.values[i];
            const double step = to == from ? 0 : to - from; // of infinities too
            compared(answer, strictly ? to > from : to >= from, step, i, before);
        }
        before = i;
    }
    conclude(answer, obstacles, answer.values >= 2);
    return answer;
}

} // namespace

PatternAnswer nondecreasing(const Term& term) { return monotone(term, false); }
PatternAnswer increasing(const Term& term) { return monotone(term, true); }

PatternAnswer steady(const Term& term, double tolerance, std::int64_t after_ns) {
    PatternAnswer answer;
    Obstacles obstacles;
    const auto looks_at = [&](std::size_t i) { return term.constant() || term.timeline->at_ns[i] >= after_ns; };
    double sum = 0;
    for (std::size_t i = 0; i < term.size(); ++i) {
        if (!looks_at(i) || !obstacles.pass(term, i)) continue;
        sum += term.values[i];
        ++answer.values;
    }
    if (answer.values >= 2 && obstacles.not_a_number == Answer::none) {
        answer.middle = sum / static_cast<double>(answer.values);
        const double reach = tolerance * std::fabs(answer.middle);
        for (std::size_t i = 0; i < term.size(); ++i) {
            if (!looks_at(i) || term.slots[i] != Slot::value) continue;
            const double apart = std::fabs(term.values[i] - answer.middle);
            compared(answer, apart <= reach, reach - apart, i, Answer::none);
        }
    }
    conclude(answer, obstacles, answer.values >= 2);
    return answer;
}

PatternAnswer converges(const Term& term, double target, double tolerance, std::int64_t by_ns) {
    PatternAnswer answer;
    Obstacles obstacles;
    std::array<double, 3> row{}; // robustness of the last three in a row
    std::size_t in_row = 0;
    for (std::size_t i = 0; i < term.size(); ++i) {
        if (!term.constant() && term.timeline->at_ns[i] > by_ns) break;
        if (!obstacles.pass(term, i)) {
            in_row = 0;
            continue;
        }
        ++answer.values;
        ++answer.looked_at;
        row[in_row++ % row.size()] = tolerance - std::fabs(term.values[i] - target);
        if (in_row < row.size()) continue;
        const double worst = *std::min_element(row.begin(), row.end());
        if (worst >= 0 && answer.truth != Truth::yes) {
            answer.truth = Truth::yes;
            answer.decides = i;
        }
        if (!(worst <= answer.robustness)) { // or there was none
            answer.robustness = worst;
            answer.closest = i;
        }
    }
    if (answer.truth == Truth::yes && obstacles.not_a_number == Answer::none) return answer;
    if (obstacles.not_a_number == Answer::none && obstacles.undefined == Answer::none && answer.values >= row.size())
        answer.truth = Truth::no;
    else
        answer.truth = Truth::skipped;
    conclude(answer, obstacles, answer.values >= row.size());
    return answer;
}

Term reduce(const Term& term, Reduction reduction, std::optional<int> phase) {
    std::size_t first = Answer::none;
    std::size_t last = Answer::none;
    std::size_t count = 0;
    double sum = 0;
    double least = std::numeric_limits<double>::infinity();
    double most = -least;
    bool not_a_number = false;
    for (std::size_t i = 0; i < term.size(); ++i) {
        if (phase && (term.constant() || term.timeline->phase[i] != *phase)) continue;
        if (term.slots[i] == Slot::undefined) return undefined_term();
        if (term.slots[i] != Slot::value) continue;
        const double value = term.values[i];
        if (first == Answer::none) first = i;
        last = i;
        ++count;
        sum += value;
        least = std::min(least, value);
        most = std::max(most, value);
        not_a_number = not_a_number || std::isnan(value);
    }
    if (count == 0 || (count == 1 && reduction == Reduction::delta)) return undefined_term();
    switch (reduction) {
    case Reduction::first: return constant_term(term.values[first]);
    case Reduction::last: return constant_term(term.values[last]);
    case Reduction::delta: return constant_term(term.values[last] - term.values[first]);
    case Reduction::mean: return constant_term(sum / static_cast<double>(count));
    case Reduction::min:
    case Reduction::max: break;
    }
    if (not_a_number) return constant_term(std::numeric_limits<double>::quiet_NaN());
    return constant_term(reduction == Reduction::min ? least : most);
}

} // namespace ktstr::eval
