// SPDX-License-Identifier: GPL-2.0-only
// A run as its record's files have it (sidecar.h, observed.h). They may have been damaged, cut off or written by
// another version: an error names what is not as it should be.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "interp/eval/outcome.h"
#include "interp/plan/record.h"

namespace ktstr::report {

struct StoredRun {
    nlohmann::json
        sidecar; // version, "test_name", "topology", "scheduler" and the verdict's bits are there, and of their types
    // Accelerator, events, workers, payloads, scheduler exits, snapshots, monitor, repro and logs. Without the observed
    // file there is no monitor, and snapshots have no state. Times are within 36 years of 0.
    plan::Record record;
};

// `observed`: the content of the observed file, null if there is none.
Result<StoredRun> stored_run(nlohmann::json sidecar, nlohmann::json observed);

// How the run of a sidecar ended, by its bits: none of them is a failure.
eval::Outcome outcome_of(const nlohmann::json& sidecar);

// The record in this file alone.
Result<StoredRun> read_sidecar(const std::filesystem::path& record);

// The record in this file, and what lies beside it.
struct StoredFile {
    StoredRun run;
    std::string incomplete; // why the observed file could not be read; then the run is without it. Empty: it was
};
Result<StoredFile> read_stored(const std::filesystem::path& record);

} // namespace ktstr::report
