// SPDX-License-Identifier: GPL-2.0-only
// One judged run, as the reporters and the sidecar writer take it.
#pragma once

#include <filesystem>
#include <string>

#include "interp/eval/verdict.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"

namespace ktstr::report {

struct ScenarioResult {
    plan::Plan plan;
    std::filesystem::path file; // the .ktl file as the user named it
    std::string variant;        // variant_hash(plan)
    std::string kernel;         // version, "6.12.57"; empty if there was none
    plan::Record record;
    eval::Verdict verdict;
    std::filesystem::path sidecar; // empty: none was written
    double duration_ms = 0;
};

// "eevdf" for the kernel's own.
std::string scheduler_name(const plan::Plan& plan);

// The command that runs this scenario again in the same way, quoted for a shell.
std::string rerun_command(const ScenarioResult& result);

} // namespace ktstr::report
