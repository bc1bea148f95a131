// SPDX-License-Identifier: GPL-2.0-only
// Judges the expectations that measure: progress, spread, gap, isolation, throughput.
#pragma once

#include <vector>

#include "interp/eval/verdict.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"

namespace ktstr::eval {

// One result, or one per comparable group of workers for spread. No worker, or no time measured, is inconclusive.
std::vector<AssertionResult> judge_measured(const plan::Plan& plan, const plan::Expectation& expectation,
                                            const plan::Record& record);

} // namespace ktstr::eval
