// SPDX-License-Identifier: GPL-2.0-only
// Runs that failed as a whole, and whether that is what the scenario asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "interp/eval/verdict.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"

namespace ktstr::eval {

// What is wrong with the run itself: its end, a scheduler that ended unasked, workers that ended by themselves or could
// not be stopped. Empty for a clean run. All are failures; a missing scheduler or an unusable kernel is one too, with
// the way out as its hint: a CI that silently skips because a binary was not built is worse than a red one.
std::vector<AssertionResult> run_failures(const plan::Plan& plan, const plan::Record& record);

// Whether an `error` expectation may turn this end into a pass. Never for what happened on the host's side (not found,
// not a usable kernel, QEMU died, interrupted, host failure): the scheduler was not tested then.
bool can_be_expected(plan::RunEnd end);

// Judges one `error` expectation; `failures` is run_failures(). The text (or regular expression, matched within a line)
// is looked for in the run's message, the kernel's reason for a scheduler's exit, the workers' exits, the scheduler's
// log and the kernel console, without the console's copy of the kernel command line. A panic or a hang of the guest
// counts as expected only if message or console say the text: what the scheduler printed before does not explain it,
// and an empty text, which any other failure satisfies, does not cover it.
AssertionResult judge_expected_error(const plan::Expectation& expectation, const plan::Record& record,
                                     const std::vector<AssertionResult>& failures);

} // namespace ktstr::eval
