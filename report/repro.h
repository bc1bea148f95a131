// SPDX-License-Identifier: GPL-2.0-only
// What is left of a failed run that was made once more: `{stem}.repro.json` beside the sidecar of the first run, and
// `{stem}.repro.observed.json.zst` with the state that was captured.
//
// Keys: repro_version, test_name, variant, plan_hash, kernel_version, seed, same_failure, first and again (each with
// `end`, how the run ended, and `failure`, by which two are compared: eval/repro.h), captured (`file`, null if nothing
// was observed; `snapshots`, each with its name and why it is a placeholder, or null), and record: the second run as
// sidecar.h has it.
#pragma once

#include <vector>

#include "base/result.h"
#include "report/result.h"

namespace ktstr::report {

constexpr int repro_version = 1;

// Both files, the one that names the other last. The results are judged, each as if there had been no other.
Result<std::vector<runs::RecordFile>> repro_files(const ScenarioResult& first, const ScenarioResult& again);

// What they are worth, by reading them: valid is what is whole, has failed in the same way and, where the plan has a
// sched_ext scheduler, holds some state that was captured.
plan::Repro read_repro(const std::vector<runs::RecordFile>& files, const plan::Plan& plan);

} // namespace ktstr::report
