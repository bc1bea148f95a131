// SPDX-License-Identifier: GPL-2.0-only
// What `run` and `plan` were given, as scenarios that are each compiled for the kernel and options they are to run
// with: all scenarios of the paths on each kernel, or the runs of a gauntlet.
#pragma once

#include <map>

#include "cli/run_options.h"
#include "vmm/host/topology.h"

namespace ktstr::cli {

struct BatchOptions {
    std::vector<std::filesystem::path> paths; // .ktl files, folders and plan files
    std::vector<std::string> filters;         // see matches_filters()
    CompileArguments compile;                 // of .ktl files only: a plan is what it is
    std::vector<std::string> kernels;         // these and `seed` take the place of a gauntlet's
    std::optional<std::uint64_t> seed;
    std::string gauntlet; // empty: none
    std::string variant;  // only scenarios with this variant_hash(); empty: all
    // That all run on: scenarios that ask for more are impossible.
    const vmm::HostTopology* machine = nullptr;
};

// Of a run that is made again, instead of the command line's: its seed, and the words that shaped its plan.
struct Replayed {
    std::uint64_t seed = 0;
    std::vector<std::string> options;
};

struct Job {
    CompiledScenario scenario;
    std::string kernel;                // as --kernel or the gauntlet names it; empty: the default
    std::optional<std::uint64_t> seed; // the gauntlet's
    std::string combination = {};      // what the gauntlet gives it apart from these: "1n1l4c1t, flags [short]"
    std::vector<int> cpus = {};        // on a machine: its number of each of the topology's CPUs
    std::optional<Replayed> replayed = {};
};

// A combination of a gauntlet, or a scenario on this machine, that is not possible: a machine that is too small for it.
struct Impossible {
    Job job; // its plan is that of the scenario alone, on this topology
    std::string reason;
    std::size_t count = 1; // of combinations that differ in what does not show: flags, work types and seeds
};

struct Batch {
    std::vector<Job> jobs; // plans that come out the same are there once
    std::vector<Impossible> impossible;
    std::optional<std::uint64_t> budget_ns; // host time for all of them
};

// Versions of kernels by what names them.
using KernelVersions = std::map<std::string, std::string>;

class BatchMaker {
  public:
    explicit BatchMaker(BatchOptions options) : options_(std::move(options)) {}

    // What is wrong is printed on standard error, once however often this is called; none then, and the exit code is
    // exit_usage. `kernel` in the files stands for what `versions` says of the job's kernel, else for the version in
    // its name.
    std::optional<Batch> make(const KernelVersions& versions);

  private:
    std::optional<Batch> make_plain(const CompileOptions& settings, const KernelVersions& versions);
    std::optional<Batch> make_on_machine(const CompileOptions& settings, const KernelVersions& versions);
    std::optional<Batch> make_gauntlet(const CompileOptions& settings, const KernelVersions& versions);
    [[nodiscard]] std::vector<CompiledGauntlet::Run>
    runs_of(const CompiledGauntlet& gauntlet, const CompileOptions& settings, const KernelVersions& versions) const;
    bool add_runs(const CompiledGauntlet& gauntlet, const std::vector<CompiledScenario>& wanted,
                  const std::vector<CompiledGauntlet::Run>& runs, Batch& batch);
    [[nodiscard]] std::string shown_paths() const;
    [[nodiscard]] bool is_wanted(const CompiledScenario& scenario) const;

    const BatchOptions options_;
    DiagnosticPrinter printer_;
};

} // namespace ktstr::cli
