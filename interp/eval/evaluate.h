// SPDX-License-Identifier: GPL-2.0-only
// The judge. A pure function of plan and record: no clock, no file, no QEMU.
#pragma once

#include "interp/eval/verdict.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"

namespace ktstr::eval {

// Which of the results decides is in precedence.h; pass needs at least one that was judged.
//
// A run that did not come to its end, lost its scheduler or lost a worker has failed, and its expectations are skipped:
// half a run says nothing about spread or gaps. With an `error` expectation such a run passes instead if every `error`
// text is found in what was said (run_failure.h has the rules); a clean run then fails. With a `repro` expectation a
// run that failed, or whose expectations did, passes if it failed again in the same way and left its artifact
// (repro.h). Checks are honoured whatever else is expected.
//
// A run in which the output of a payload could not be read for want of a language model is a skip instead of a pass.
//
// An expectation on a cgroup covers the cgroups below it too. Spread is judged in each group of workers that can be
// compared: same cgroup, same work type (work units of two types are not the same thing), started by the same step.
Verdict evaluate(const plan::Plan& plan, const plan::Record& record);

} // namespace ktstr::eval
