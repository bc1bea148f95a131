// SPDX-License-Identifier: GPL-2.0-only
// What the evaluation of a formula found, in words: which sample decides, when it was taken, and the values there.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "interp/eval/evaluation.h"
#include "interp/plan/plan.h"

namespace ktstr::eval {

class Findings {
  public:
    // "migrations(hot) is 40", or why there is no such value: of measures and payloads' metrics.
    using Seen = std::function<std::string(const plan::Formula& term)>;

    Findings(Evaluation& evaluation, Seen seen) : evaluation_(evaluation), seen_(std::move(seen)) {}

    // "periodic_004 (+850 ms) is 100 after 200 at periodic_003 (+700 ms)"
    std::string text(const plan::Formula& formula);

    // What was not looked at although the formula speaks of it: samples that are missing, and why.
    std::vector<std::string> notes(const plan::Formula& formula);

  private:
    std::string always_text(const plan::Formula& formula);
    std::string eventually_text(const plan::Formula& formula);
    std::string until_text(const plan::Formula& formula);
    std::string sustained_text(const plan::Formula& formula);
    std::string monotone_text(const plan::Formula& formula);
    std::string steady_text(const plan::Formula& formula);
    std::string converges_text(const plan::Formula& formula);
    std::string joined_text(const plan::Formula& formula);
    std::string scalars_text(const plan::Formula& formula);

    // What a condition says at one of its samples: "periodic_004 (+850 ms) is 120".
    std::string sample_text(const plan::Formula& condition, const Timeline& timeline, std::size_t index);
    void values_at(const plan::Formula& condition, const Timeline& timeline, std::size_t index,
                   std::vector<std::pair<std::string, std::string>>& out);
    // A rate has its unit.
    static std::string amount_text(const plan::Formula& term, double value);
    std::string value_text(const plan::Formula& term, const Timeline* timeline, std::size_t index);
    // Why a term has no value at a sample; empty if that cannot be said.
    std::string why(const plan::Formula& term, const Timeline* timeline, std::size_t index);
    std::string reasons(const plan::Formula& formula, const Timeline* timeline, std::size_t index);
    std::string no_answer(const plan::Formula& formula, const Condition& condition, const Answer& answer);

    Evaluation& evaluation_;
    Seen seen_;
};

} // namespace ktstr::eval
