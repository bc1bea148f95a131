// SPDX-License-Identifier: GPL-2.0-only
// Failed runs, made once more with closer observation.
#pragma once

#include <functional>

#include "report/result.h"

namespace ktstr::cli {

constexpr std::uint64_t repro_monitor_ms = 10; // between two looks of the monitor

// Whether the run, which is judged, has failed of something that is to be made again: its scenario expects that, or it
// failed and `asked`.
bool wants_repro(const report::ScenarioResult& result, bool asked);

// Makes the run again, and fills in `result.record.repro` and the files that are to lie beside its record; the result
// is then to be judged anew. `run` gives the second run's record.
void make_again(report::ScenarioResult& result, const std::function<plan::Record()>& run);

} // namespace ktstr::cli
