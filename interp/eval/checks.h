// SPDX-License-Identifier: GPL-2.0-only
// Judges the Lua checks of a plan.
#pragma once

#include <vector>

#include "interp/eval/verdict.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"

namespace ktstr::eval {

// One result per check. After a run that failed, only those marked `always` are run; the others are skipped. A script
// with an error in it has failed: it said nothing about the run.
std::vector<AssertionResult> judge_checks(const plan::Plan& plan, const plan::Record& record, bool run_failed);

} // namespace ktstr::eval
