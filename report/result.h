// SPDX-License-Identifier: GPL-2.0-only
// One judged run, as the reporters and the sidecar writer take it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "interp/eval/verdict.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"
#include "runs/directory.h"
#include "runs/provenance.h"

namespace ktstr::report {

struct ScenarioResult {
    plan::Plan plan;
    std::optional<plan::Plan> planned; // as `ktstr plan` prints it, if that was to be run: kept beside the record
    std::filesystem::path file;        // the .ktl file as the user named it
    std::string variant;               // variant_hash(plan)
    std::string kernel;                // version, "6.12.57"; empty if there was none
    plan::Record record;
    eval::Verdict verdict;
    runs::Provenance provenance;
    std::vector<runs::RecordFile> beside; // files that are to be written with the record: repro.h
    std::filesystem::path sidecar;        // empty: none was written
    double duration_ms = 0;
    std::vector<std::string> options; // of the command line that shaped the plan, to be repeated
    std::string kernel_option;        // the kernel as --kernel named it; empty: by `kernel`
    std::string rerun;                // the program that runs it again by itself; empty: ktstr, by all of this
};

// "eevdf" for the kernel's own.
std::string scheduler_name(const plan::Plan& plan);

// The word as a POSIX shell takes it: quoted, if it has to be.
std::string shell_quoted(const std::string& word);

// The command that runs this scenario again in the same way, quoted for a shell.
std::string rerun_command(const ScenarioResult& result);

} // namespace ktstr::report
