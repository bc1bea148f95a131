// SPDX-License-Identifier: GPL-2.0-only
// Conditions over time and the operators of bounded temporal logic on them, each in one pass over the samples.
//
// What holds at a sample is one of Truth. `and`, `or` and `not` go by Kleene: no and anything is no, yes or anything is
// yes; what is neither remains as fault, if there is one, else as unknown, else as skipped. Robustness is the minimum
// for `and`, the maximum for `or`, over what has one.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "interp/eval/signal.h"
#include "interp/plan/plan.h"

namespace ktstr::eval {

// What holds for the run, and which samples say so.
struct Answer {
    static constexpr std::size_t none = SIZE_MAX;
    Truth truth = Truth::skipped;
    double robustness = std::numeric_limits<double>::quiet_NaN();
    std::size_t decides = none; // the first sample that makes it so
    std::size_t closest = none; // the sample that has the robustness
    std::size_t looked_at = 0;  // samples
    std::size_t deciding = 0;   // how many of them would have made it so
};

// --- At each sample
// ------------------------------------------------------------------------------------------------------

// left - right or right - left is the robustness; that of == is at most 0, that of != at least 0.
Condition compare(const Term& left, plan::Comparison comparison, const Term& right);
Condition negation(Condition condition);
Condition conjunction(const Condition& left, const Condition& right);
Condition disjunction(const Condition& left, const Condition& right);
// The condition holds here and did not at the sample before; for `falls` the other way round. Faults are skipped: the
// edge is to the last sample that can be told. The first sample has none, and is skipped.
Condition rises(const Condition& condition);
Condition falls(Condition condition);

// --- Windows
// -------------------------------------------------------------------------------------------------------------

// The samples of a window, looked at from sample i: those from i on that lie from `from_ns` to `to_ns` behind it, both
// included, and the one that is in force where it begins. A window that reaches beyond `end_ns` and in which nothing
// seen decides is skipped.
struct Window {
    std::int64_t from_ns = 0;
    std::optional<std::int64_t> to_ns = {}; // absent: to the last sample, which is never beyond the end
    std::int64_t end_ns = std::numeric_limits<std::int64_t>::max();
};

Condition always(const Condition& condition, const Window& window);
Condition eventually(const Condition& condition, const Window& window);
// `second` at a sample of the window, and `first` at all samples from here to before that one.
Condition until(const Condition& first, const Condition& second, const Window& window);

// The same, looked at from the beginning of the run (0 ns), when there need not be a sample.
Answer always_in(const Condition& condition, const Window& window);
Answer eventually_in(const Condition& condition, const Window& window);
Answer until_in(const Condition& first, const Condition& second, const Window& window);

// The condition never fails for `samples` samples in a row; skipped ones do not count. Of fewer samples than that it is
// unknown. Robustness: that of the best of each so many, and of these the least.
Answer sustained(const Condition& condition, std::size_t samples);

// --- Truths
// --------------------------------------------------------------------------------------------------------------

Truth truth_not(Truth truth);
Truth truth_and(Truth left, Truth right);
Truth truth_or(Truth left, Truth right);
Answer answer_not(Answer answer);
Answer answer_and(const Answer& left, const Answer& right);
Answer answer_or(const Answer& left, const Answer& right);

} // namespace ktstr::eval
