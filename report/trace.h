// SPDX-License-Identifier: GPL-2.0-only
// A record as a trace to look at on one time axis, in Chrome's JSON format, which Perfetto loads ("Trace Event Format";
// times in microseconds of workload time).
//
// Tracks: the steps; the ops and the scheduler's comings and goings; each worker's life with its longest gap; payloads;
// snapshots, as long as the machine stood still. Counters: work units per second between two events, each value of
// the monitor, each number that the live scheduler had in its snapshots.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace ktstr::report {

// `sidecar`: a record (sidecar.h). `observed`: the content of its observed file, null if it has none. Both may be
// anything: an error names what is not as it should be.
Result<nlohmann::json> trace_of(const nlohmann::json& sidecar, const nlohmann::json& observed);

// Of a record's file, with the observed file beside it.
Result<nlohmann::json> trace_of_file(const std::filesystem::path& record);

} // namespace ktstr::report
