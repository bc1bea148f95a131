// SPDX-License-Identifier: GPL-2.0-only
// Judges formulas: what workers and payloads report of the whole run, and what was observed over time.
#pragma once

#include "interp/eval/series.h"
#include "interp/eval/verdict.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"

namespace ktstr::eval {

// Only for formulas that is_judged() of interp/plan/requirements.h accepts. Iterations, migrations and cpu_time are
// sums over the workers, gap and run_delay those of the worst one, throughput and off_cpu (1 - CPU time / life) of all
// together, spread that of the worst cgroup. A quantile of run_delay is over the workers: what that part of them waited
// at most in all. One of wake_latency is over all wake-ups of all workers.
//
// A metric of a payload is that of its last run.
//
// No worker, no life, too few wake-ups, no such metric or a division by zero is inconclusive, and so is a series
// without any value; `and` and `or` of that and something certain are what the certain one makes them. A value that is
// not a number fails, and so does a missing one that had to be seen (temporal.h). `margin` is the robustness; `value`
// and `bound` are there if the formula is one comparison with a number, for all samples or for some: of the sample that
// has the robustness.
// `series` are those of the record, for all formulas that are judged on it.
AssertionResult judge_formula(const plan::Plan& plan, const plan::Expectation& expectation, const plan::Record& record,
                              RunSeries& series);

} // namespace ktstr::eval
