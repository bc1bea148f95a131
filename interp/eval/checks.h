// SPDX-License-Identifier: GPL-2.0-only
// Judges the Lua checks of a plan.
#pragma once

#include <vector>

#include "interp/eval/precedence.h"
#include "interp/eval/verdict.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"

namespace ktstr::eval {

struct JudgedCheck {
    AssertionResult result;
    CheckResult status = CheckResult::none; // none: it was not run
    bool always = false;
};

// In the plan's order. Where conditional checks are not run, those not marked `always` are skipped. A script with an
// error in it has failed: it said nothing about the run.
std::vector<JudgedCheck> judge_checks(const plan::Plan& plan, const plan::Record& record, bool run_conditional);

} // namespace ktstr::eval
