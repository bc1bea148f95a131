// SPDX-License-Identifier: GPL-2.0-only
// The scenarios that a command was given: compiled from .ktl files and folders, or read from plan files.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "interp/compile/compile.h"

namespace ktstr::cli {

struct LoadOptions {
    std::vector<std::filesystem::path> paths; // those that end in .json are plan files
    std::vector<std::string> filters;         // see matches_filters()
    std::optional<std::string> topology;      // of .ktl files only: a plan is what it is
    std::optional<std::string> duration;
};

// In the order of the paths, .ktl files first. What is wrong is printed on standard error; none then (the exit code is
// exit_usage).
std::optional<std::vector<CompiledScenario>> load_or_explain(const LoadOptions& options);

// Prints everything that the scenario asks for and this version of ktstr does not do. True if there is nothing.
bool can_run_or_explain(const CompiledScenario& scenario);

} // namespace ktstr::cli
