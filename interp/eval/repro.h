// SPDX-License-Identifier: GPL-2.0-only
// Failures that are made again: what tells one failure from another, and the expectation that there is one.
#pragma once

#include <string>

#include "interp/eval/verdict.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"

namespace ktstr::eval {

// What a run has failed of, in a form that two runs which failed alike share: the end of the run and what was said of
// it, with all numbers, addresses and tasks taken out; or, of a run that came to its end, what of the scenario failed.
// Empty if nothing failed, or it failed on the host's side.
std::string failure_class(const plan::Plan& plan, const plan::Record& record, const Verdict& verdict);

// Fills in outcome and message, which begins with what was written, of a `repro` expectation. `failed`: whether there
// was something to repeat.
void judge_expected_repro(AssertionResult& result, const plan::Repro& repro, bool failed);

} // namespace ktstr::eval
