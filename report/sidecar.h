// SPDX-License-Identifier: GPL-2.0-only
// The durable record of one run: `{scenario}-{variant}.ktstr.json`, written for every outcome, and the files that
// belong to it. docs/sidecar.md has every key.
//
// Beside it: the plan, `{scenario}-{variant}.plan.json`; what was observed (observed.h); of a failure that was made
// again what repro.h says; each ctprof capture of the run, `{scenario}-{variant}.{name}.ctprof.zst`, with `~2` and so
// on before the suffix from the second one of a name on.
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "report/result.h"
#include "runs/directory.h"

namespace ktstr::report {

constexpr int sidecar_version = 2;
constexpr int oldest_sidecar_version = 1; // that can be read

// The name as a file name that needs no quoting in a shell and never leaves its directory, different for different
// names: space becomes "+", what is not a letter, a digit or one of "._-" becomes %XX (a leading "." too), and a name
// that would be too long ends in "~" and its hash.
std::string file_name_of(const std::string& scenario);

// What the files of a result have in common at the beginning of their names: {scenario}-{variant}.
std::string stem_of(const ScenarioResult& result);

// When the run began that has just ended.
std::chrono::system_clock::time_point start_of(const ScenarioResult& result);

nlohmann::json sidecar_json(const ScenarioResult& result, std::chrono::system_clock::time_point started);

// The sidecar, behind all that belongs to it.
Result<std::vector<runs::RecordFile>> record_files(const ScenarioResult& result,
                                                   std::chrono::system_clock::time_point started);

// Writes them into a folder of the run directory ("": the directory itself), and returns the sidecar's path. Whole or
// not at all: after an error (a full disk) an older file of that name is as it was. Runs on several kernels share
// variants, so each kernel needs a directory of its own.
Result<std::filesystem::path> write_sidecar(runs::RunDirectory& directory, const std::string& folder,
                                            const ScenarioResult& result);

} // namespace ktstr::report
