// SPDX-License-Identifier: GPL-2.0-only
// Running what has been made ready.
#pragma once

#include "cli/batch.h"
#include "cli/run_options.h"

namespace ktstr::cli {

// Runs the jobs in virtual machines, reports them and keeps their records, as `ktstr run` does. Of the options those
// that say what is to be run do not count. Returns the exit code.
int run_jobs(const RunOptions& options, const Batch& batch);

// Machines at a time, where no option says so: half the host's CPUs. Two that share a CPU spoil each other's
// measurements.
int default_jobs();

// Options of a run that do not say what is run: --jobs, --format, --out and their like.
void add_running_options(CLI::App& command, RunOptions& options);

} // namespace ktstr::cli
