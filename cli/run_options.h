// SPDX-License-Identifier: GPL-2.0-only
// Options that several commands share, and what `ktstr run` was asked to do.
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

// What shapes plans, as given on the command line.
struct CompileArguments {
    std::vector<std::string> parameters; // -P: "hot_workers=4"
    std::optional<std::string> topology;
    std::optional<std::string> duration;

    // The same options again, as words of a command line.
    [[nodiscard]] std::vector<std::string> words() const;
};

// Another program in the place of a scenario's scheduler.
struct Replacement {
    std::vector<std::string> programs; // "FILE", or "NAME=FILE" of a scenario with several schedulers
    std::string arguments;             // behind the scheduler's own, with blanks between two

    [[nodiscard]] bool empty() const { return programs.empty() && arguments.empty(); }
    // The same options again, as words of a command line.
    [[nodiscard]] std::vector<std::string> words() const;
};

struct RunOptions {
    std::vector<std::filesystem::path> paths;
    std::vector<std::string> filters;
    std::vector<std::string> kernels;
    CompileArguments compile;
    Replacement replacement;
    std::string gauntlet; // empty: none
    std::string variant;  // empty: all
    std::optional<std::string> accelerator;
    std::string format = "pretty";
    std::filesystem::path out; // empty: as the environment says, see Records
    int jobs = 0;              // 0: chosen from the host
    bool fail_fast = false;
    bool cold = false;
    bool verbose = false;
    bool no_skip = false;            // a skipped scenario makes the exit code 1
    bool allow_inconclusive = false; // an inconclusive one does not make it 2
    bool repro = false;              // make each failed scenario once more, with closer observation
    bool host = false;               // on this machine itself
    std::uint64_t monitor_ms = 100;  // between two looks of the monitor; 0: none
    std::string rerun;               // of an exported file, which runs ktstr: its name
    std::optional<std::uint64_t> seed;
};

// Adds --scheduler and --scheduler-args.
void add_replacement_options(CLI::App& command, Replacement& replacement);
// Adds -P, --topology and --duration, and turns them into what the compiler wants.
void add_compile_options(CLI::App& command, CompileArguments& arguments);
Result<CompileOptions> compile_options(const CompileArguments& arguments);
// --kernel of commands that run nothing: a version. compile_options() with it.
void add_kernel_version(CLI::App& command, std::string& kernel);
Result<CompileOptions> compile_options(const CompileArguments& arguments, const std::string& kernel);
// An option that may be given several times, with one value each time.
CLI::Option* add_repeated(CLI::App& command, const std::string& name, std::vector<std::string>& values,
                          const std::string& description);

// The version that a kernel's name begins with, "6.14.2" of "v6.14.2-rc1"; empty if it does not.
std::string version_digits(std::string_view kernel);

// Whether a scenario's name, or its file's path, matches one of the filters: shell patterns, or plain substrings. No
// filter matches all.
bool matches_filters(const std::vector<std::string>& filters, const CompiledScenario& scenario);

// Whether the text matches one of the filters, likewise.
bool name_matches(const std::vector<std::string>& filters, const std::string& text);

// Compiles the paths and prints every diagnostic on standard error. None if there were errors (the exit code is
// exit_usage then).
std::optional<CompileResult> compile_or_explain(const std::vector<std::filesystem::path>& paths,
                                                const CompileOptions& options, DiagnosticPrinter& printer);

} // namespace ktstr::cli
