// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/judged.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "interp/eval/evaluation.h"
#include "interp/plan/formula_words.h"

namespace ktstr::eval {

namespace {

using Kind = plan::Formula::Kind;
using Sample = JudgedSeries::Sample;

// The sample that the series of a formula are marked with.
struct Mark {
    std::string tag;
    std::int64_t at_ns = 0;
};

class Collector {
  public:
    Collector(Evaluation& evaluation, bool refuted) : evaluation_(evaluation), refuted_(refuted) {}

    // `at_run`: the formula is judged for the run, and not at each sample of another one.
    void collect(const plan::Formula& formula, bool at_run, bool negated, Mark mark) {
        const auto& operands = formula.operands;
        switch (formula.kind) {
        case Kind::nondecreasing:
        case Kind::increasing:
        case Kind::steady:
        case Kind::converges: return pattern(formula, at_run, negated);
        case Kind::compare: return compare(formula, mark);
        case Kind::within: return add(operands[0], constant(operands[1]), constant(operands[2]), mark);
        case Kind::always:
        case Kind::eventually:
        case Kind::sustained:
            if (at_run && refuted_)
                mark = mark_of(evaluation_.condition(operands[0]).timeline, evaluation_.answer(formula), negated);
            return collect(operands[0], false, negated, mark);
        case Kind::logical_not: return collect(operands[0], at_run, !negated, mark);
        default: break;
        }
        const bool joined = formula.kind == Kind::logical_and || formula.kind == Kind::logical_or ||
                            formula.kind == Kind::logical_implies;
        for (const auto& operand : operands) collect(operand, at_run && joined, negated, mark);
    }

    std::vector<JudgedSeries> take() { return std::move(found_); }

  private:
    [[nodiscard]] Mark mark_of(const TimelinePtr& timeline, const Answer& answer, bool negated) const {
        const bool refutes = answer.truth == (negated ? Truth::yes : Truth::no) || answer.truth == Truth::fault;
        const std::size_t at = answer.decides != Answer::none ? answer.decides : answer.closest;
        if (!refuted_ || !refutes || !timeline || at >= timeline->size()) return {};
        return {timeline->tag(at), timeline->at_ns[at]};
    }

    void pattern(const plan::Formula& formula, bool at_run, bool negated) {
        const bool marked = at_run && refuted_;
        const PatternAnswer answer =
            marked || formula.kind == Kind::steady ? evaluation_.pattern(formula) : PatternAnswer{};
        std::optional<double> low, high;
        if (formula.kind == Kind::steady) {
            const double reach = std::abs(answer.middle) * formula.tolerance;
            low = answer.middle - reach;
            high = answer.middle + reach;
        } else if (formula.kind == Kind::converges) {
            if (const auto target = constant(formula.operands[1])) {
                low = *target - formula.tolerance;
                high = *target + formula.tolerance;
            }
        }
        add(formula.operands[0], low, high,
            marked ? mark_of(evaluation_.term(formula.operands[0]).timeline, answer, negated) : Mark{});
    }

    void compare(const plan::Formula& formula, const Mark& mark) {
        using plan::Comparison;
        const plan::Formula& left = formula.operands[0];
        const plan::Formula& right = formula.operands[1];
        const bool upper = formula.comparison == Comparison::less || formula.comparison == Comparison::less_equal;
        const bool lower = formula.comparison == Comparison::greater || formula.comparison == Comparison::greater_equal;
        const bool equal = formula.comparison == Comparison::equal;
        const auto bound = [](bool wanted, std::optional<double> value) { return wanted ? value : std::nullopt; };
        const auto right_value = constant(right);
        const auto left_value = constant(left);
        add(left, bound(lower || equal, right_value), bound(upper || equal, right_value), mark);
        add(right, bound(upper || equal, left_value), bound(lower || equal, left_value), mark);
    }

    std::optional<double> constant(const plan::Formula& formula) {
        const Term term = evaluation_.term(formula);
        if (!term.constant() || term.slots.empty() || term.slots[0] != Slot::value || !std::isfinite(term.values[0]))
            return std::nullopt;
        return term.values[0];
    }

    // A term that is one number for the whole run is drawn by the series that it was made of.
    void add(const plan::Formula& formula, std::optional<double> low, std::optional<double> high, const Mark& mark) {
        const Term term = evaluation_.term(formula);
        if (term.constant()) {
            for (const auto& operand : formula.operands) add(operand, std::nullopt, std::nullopt, {});
            return;
        }
        const std::string written = plan::formula_words(formula);
        const bool known = std::any_of(found_.begin(), found_.end(), [&](const JudgedSeries& one) {
            return one.written == written && one.low == low && one.high == high;
        });
        if (known || found_.size() >= most_judged_series) return;
        std::vector<Sample> samples;
        for (std::size_t i = 0; i < term.size(); ++i) {
            if (term.slots[i] == Slot::skipped) continue;
            const bool value = term.slots[i] == Slot::value;
            samples.push_back(
                {term.timeline->at_ns[i], value ? term.values[i] : std::numeric_limits<double>::quiet_NaN()});
        }
        found_.push_back({written, low, high, thinned(samples, most_judged_samples), mark.tag, mark.at_ns});
    }

    Evaluation& evaluation_;
    bool refuted_; // the whole formula
    std::vector<JudgedSeries> found_;
};

nlohmann::json number_or_null(std::optional<double> value) {
    return value && std::isfinite(*value) ? nlohmann::json(*value) : nlohmann::json();
}

} // namespace

std::vector<JudgedSeries> judged_series(Evaluation& evaluation, const plan::Formula& formula, bool refuted) {
    Collector collector(evaluation, refuted);
    collector.collect(formula, true, false, {});
    return collector.take();
}

std::vector<Sample> thinned(const std::vector<Sample>& samples, std::size_t count) {
    if (samples.size() <= count) return samples;
    std::vector<Sample> kept;
    const std::size_t stretches = std::max<std::size_t>(1, count / 2);
    for (std::size_t i = 0; i < stretches; ++i) {
        const auto begin = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() * i / stretches);
        const auto end = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() * (i + 1) / stretches);
        const auto gap = std::find_if(begin, end, [](const Sample& one) { return std::isnan(one.value); });
        const auto less = [](const Sample& a, const Sample& b) { return a.value < b.value; };
        auto first = gap != end ? gap : std::min_element(begin, end, less);
        auto second = gap != end ? gap : std::max_element(begin, end, less);
        if (second < first) std::swap(first, second);
        kept.push_back(*first);
        if (second != first) kept.push_back(*second);
    }
    return kept;
}

nlohmann::json to_json(const JudgedSeries& series) {
    auto at_ns = nlohmann::json::array();
    auto values = nlohmann::json::array();
    for (const auto& sample : series.samples) {
        at_ns.push_back(sample.at_ns);
        values.push_back(number_or_null(sample.value));
    }
    const auto decides = series.decides.empty()
                             ? nlohmann::json()
                             : nlohmann::json{{"tag", series.decides}, {"at_ns", series.decides_at_ns}};
    return {{"written", series.written},
            {"low", number_or_null(series.low)},
            {"high", number_or_null(series.high)},
            {"decides", decides},
            {"samples", {{"at_ns", std::move(at_ns)}, {"values", std::move(values)}}}};
}

} // namespace ktstr::eval
