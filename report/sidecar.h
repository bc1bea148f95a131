// SPDX-License-Identifier: GPL-2.0-only
// The durable record of one run: `{scenario}-{variant}.ktstr.json`, written for every outcome.
//
// Keys (all always there; null or [] when empty): sidecar_version, test_name, file, variant, topology, scheduler,
// payload, metrics, the verdict bits passed / skipped / inconclusive (at most one is true; none is a failure),
// expected_failure, stats, vcpus, stimulus_events, work_type, sysctls, kargs, kernel_version, timestamp,
// cleanup_duration_ms, plan_hash, seed, accelerator, clock, restored, executor_version, executor_resident_bytes,
// duration_ms, workload_ns, end, message, hint, assertions (with source positions, robustness, notes and what was
// judged), phases, workers, payloads (with their metrics and what they have written), cgroup_procs, ctprof (with the
// name of each capture's file), scheduler_exits, snapshots, watches, kernel_reads, monitor (see observed.h), programs,
// observed_file, scheduler_log, console. `metrics` has those of all payloads in one list.
//
// Beside it, each ctprof capture of the run: `{scenario}-{variant}.{name}.ctprof.zst`, with `~2` and so on before
// the suffix from the second one of a name on.
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "report/result.h"

namespace ktstr::report {

constexpr int sidecar_version = 1;

// The name as a file name that needs no quoting in a shell and never leaves its directory, different for different
// names: space becomes "+", what is not a letter, a digit or one of "._-" becomes %XX (a leading "." too), and a name
// that would be too long ends in "~" and its hash.
std::string file_name_of(const std::string& scenario);

nlohmann::json sidecar_json(const ScenarioResult& result, std::chrono::system_clock::time_point started);

// Writes the sidecar into `directory`, which is made if need be, and returns its path. Whole or not at all: after an
// error (a full disk) an older file of that name is as it was. The captures and the file of observed.h are written
// before it, in the same way. Runs on several kernels share variants, so each kernel needs a directory of its own.
Result<std::filesystem::path> write_sidecar(const std::filesystem::path& directory, const ScenarioResult& result);

} // namespace ktstr::report
