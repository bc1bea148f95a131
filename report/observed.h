// SPDX-License-Identifier: GPL-2.0-only
// What the host observed of a run: short in its sidecar, and in full in a file beside it, `{stem}.observed.json.zst`
// (compressed by zstd): {"observed_version", "run_id", "snapshots", "monitor", "programs", "kernel_reads"} as
// docs/observing.md has them.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "interp/plan/record.h"

namespace ktstr::report {

// Of the monitor's samples, by name, but for those of single CPUs: least, most, mean and last value, and the change per
// second of what counts.
nlohmann::json monitor_summary(const plan::Monitor& monitor);

// Name, trigger, time, step and whether there is something in it, for each snapshot.
nlohmann::json snapshot_list(const plan::Record& record);

// The live scheduler's numbers in a snapshot, and where its CPUs were, in a few lines; empty if nothing was captured.
std::vector<std::string> snapshot_lines(const plan::Snapshot& snapshot, std::size_t width);

// The content of the file; empty: nothing was observed, and there is none.
Result<std::string> observed_bytes(const plan::Record& record, const std::string& run_id);

// Such a file, or one of earlier versions (`*.observed.json`). Refuses what is damaged, of another version, or unpacks
// to more than a GiB; the error names the file.
Result<nlohmann::json> read_observed(const std::filesystem::path& path);
// The same of a file's content.
Result<nlohmann::json> parse_observed(std::string_view bytes);

} // namespace ktstr::report
