// SPDX-License-Identifier: GPL-2.0-only
// What `ktstr run` was asked to do.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/messages.h"
#include "interp/compile/compile.h"

namespace ktstr::cli {

struct RunOptions {
    std::vector<std::filesystem::path> paths;
    std::vector<std::string> filters;
    std::vector<std::string> kernels;
    std::optional<std::string> accelerator;
    std::optional<std::string> duration;
    std::optional<std::string> topology;
    std::string format = "pretty";
    std::filesystem::path out = "ktstr-runs";
    int jobs = 0; // 0: chosen from the host
    bool fail_fast = false;
    bool cold = false;
    std::uint64_t seed = 1;
};

// Adds --topology and --duration, and turns them into what the compiler wants.
void add_compile_options(CLI::App& command, std::optional<std::string>& topology, std::optional<std::string>& duration);
Result<CompileOptions> compile_options(const std::optional<std::string>& topology,
                                       const std::optional<std::string>& duration);

// Whether a scenario's name, or its file's path, matches one of the filters: shell patterns, or plain substrings. No
// filter matches all.
bool matches_filters(const std::vector<std::string>& filters, const CompiledScenario& scenario);

// Compiles the paths and prints every diagnostic on standard error. None if there were errors (the exit code is
// exit_usage then).
std::optional<CompileResult> compile_or_explain(const std::vector<std::filesystem::path>& paths,
                                                const CompileOptions& options);

} // namespace ktstr::cli
