// SPDX-License-Identifier: GPL-2.0-only
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/batch.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "report/explain.h"
#include "report/plan_words.h"
#include "report/text.h"
#include "report/variant.h"

namespace ktstr::cli {

namespace {

struct PlanOptions {
    BatchOptions batch;
    std::string kernel;
    bool hash = false;
    bool explain = false;
};

void print_plan(const Job& job, const PlanOptions& options) {
    const plan::Plan& plan = job.scenario.plan;
    if (options.explain)
        std::cout << report::explain(plan, job.scenario.file, job.combination);
    else if (options.hash)
        std::cout << plan::plan_hash(plan) << "  " << plan.scenario << "\n";
    else
        std::cout << plan::to_json(plan).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

// Kernels make no difference to what is printed here.
void print_skipped(const std::vector<Impossible>& impossible) {
    std::vector<std::pair<std::string, std::string>> lines;
    std::map<std::string, std::size_t> counts;
    for (const auto& skipped : impossible) {
        const auto& plan = skipped.job.scenario.plan;
        const std::string what = "skipped: \"" + plan.scenario + "\" on " + plan.topology.label();
        if (counts[what + skipped.reason] == 0) lines.emplace_back(what, skipped.reason);
        counts[what + skipped.reason] += skipped.count;
    }
    for (const auto& [what, reason] : lines) {
        const std::size_t count = counts[what + reason];
        const std::string times = count > 1 ? " (" + report::count_words(count, "combination") + ")" : "";
        std::fprintf(stderr, "ktstr: %s%s: %s\n", what.c_str(), times.c_str(), reason.c_str());
    }
}

int print_plans(PlanOptions options) {
    if (const auto settings = compile_options(options.batch.compile, options.kernel); !settings) {
        complain(settings.error());
        return exit_usage;
    }
    if (!options.kernel.empty()) options.batch.kernels = {options.kernel};
    const auto batch = BatchMaker(options.batch).make({});
    if (!batch) return exit_usage;
    print_skipped(batch->impossible);
    // A plan says nothing of kernel and seed: jobs that differ in nothing else have one.
    std::set<std::pair<std::filesystem::path, std::string>> printed;
    const bool gauntlet = !options.batch.gauntlet.empty();
    for (const auto& job : batch->jobs) {
        if (gauntlet && !printed.emplace(job.scenario.file, plan::plan_hash(job.scenario.plan)).second) continue;
        if (options.explain && &job != &batch->jobs.front()) std::cout << "\n\n";
        print_plan(job, options);
    }
    std::cout.flush();
    if (std::cout) return exit_pass;
    complain({"cannot write to standard output", "is the disk full, or the reader gone?"});
    return exit_host;
}

} // namespace

void add_plan_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<PlanOptions>();
    BatchOptions& batch = options->batch;
    auto* command = app.add_subcommand("plan", "print the plan of each scenario, as JSON or in words");
    command->add_option("paths", batch.paths, ".ktl files and folders, and plans (.json)")
        ->required()
        ->type_name("PATH");
    add_repeated(*command, "--filter", batch.filters,
                 "only scenarios whose name or file has this in it, or matches this pattern");
    auto* hash = command->add_flag("--hash", options->hash, "print the plans' hashes instead");
    command->add_flag("--explain", options->explain, "say in words what happens at which time")->excludes(hash);
    command->add_option("--gauntlet", batch.gauntlet, "the plans of this gauntlet's runs")->type_name("NAME");
    add_compile_options(*command, batch.compile);
    add_kernel_version(*command, options->kernel);
    command->callback([options, &exit_code] { exit_code = print_plans(*options); });
}

} // namespace ktstr::cli
