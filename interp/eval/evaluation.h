// SPDX-License-Identifier: GPL-2.0-only
// Formulas (interp/plan/plan.h) on one run: terms become numbers, conditions become answers.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "interp/eval/patterns.h"
#include "interp/eval/series.h"
#include "interp/eval/temporal.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"

namespace ktstr::eval {

class Evaluation {
  public:
    // The value of a measure of workers or of a payload's metric, which the run has once.
    using Measured = std::function<std::optional<double>(const plan::Formula& term)>;

    Evaluation(const plan::Plan& plan, const plan::Record& record, RunSeries& series, Measured measured);

    // Both are constant unless a series is in them.
    Term term(const plan::Formula& formula);
    Condition condition(const plan::Formula& formula); // at each sample
    // For the run: windows count from its beginning, and what speaks of one sample is judged at the first one.
    Answer answer(const plan::Formula& formula);

    PatternAnswer pattern(const plan::Formula& formula); // only if is_pattern()
    const Series& series(const plan::Formula& term);     // of a series' term
    Result<double> snapshot(const plan::Formula& term);  // of a snapshot's term
    [[nodiscard]] Window window(const plan::Formula& formula) const;
    [[nodiscard]] std::int64_t end_ns() const { return end_ns_; } // of the run

    static bool is_pattern(const plan::Formula& formula);

  private:
    Term reduced(const plan::Formula& formula);
    std::optional<int> phase_of(const std::string& step) const; // none: there is no such step

    const plan::Plan& plan_;
    const plan::Record& record_;
    Measured measured_;
    std::int64_t end_ns_;
    RunSeries& series_;
};

} // namespace ktstr::eval
