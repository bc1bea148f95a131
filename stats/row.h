// SPDX-License-Identifier: GPL-2.0-only
// One record of a run, flat: who it is of, how it ended, and what was measured.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "interp/eval/verdict.h"

namespace ktstr::stats {

struct Value {
    std::uint32_t metric; // of the pool's MetricTable
    double value;
};

struct Row {
    std::string path;
    std::string run;       // the run's directory, below the root
    std::string timestamp; // ISO 8601, UTC
    std::string scenario;
    std::string file;
    std::string variant;
    std::string topology;
    std::string scheduler;
    std::string payload; // this and all others are empty where the record has null
    std::string work_type;
    std::string sysctls; // sorted, joined with blanks
    std::string kargs;
    std::string flags;      // of the scheduler
    std::string parameters; // "name=value", joined with blanks
    std::string kernel;
    std::string project_commit;
    std::string kernel_commit;
    std::string scheduler_commit;
    std::string run_source;
    std::string accelerator;
    std::string run_id;
    std::optional<std::uint64_t> cpu_budget;
    std::uint64_t vcpus = 0;
    std::uint64_t seed = 0;
    eval::Outcome outcome = eval::Outcome::fail;
    bool expected_failure = false;
    std::string message;       // why it ended as it did, if it did not complete; one line
    std::string host;          // what the record says of the host, as JSON; or empty
    std::vector<Value> values; // by metric, none twice

    // Whether its numbers say something of a scheduler at work.
    [[nodiscard]] bool measured() const { return outcome == eval::Outcome::pass && !expected_failure; }
    [[nodiscard]] std::optional<double> find(std::uint32_t metric) const;
};

} // namespace ktstr::stats
