// SPDX-License-Identifier: GPL-2.0-only
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/run_options.h"

namespace ktstr::cli {

namespace {

struct PlanOptions {
    std::filesystem::path path;
    std::vector<std::string> filters;
    std::optional<std::string> topology;
    std::optional<std::string> duration;
    bool hash = false;
};

int print_plans(const PlanOptions& options) {
    const auto settings = compile_options(options.topology, options.duration);
    if (!settings) {
        complain(settings.error());
        return exit_usage;
    }
    const auto result = compile_or_explain({options.path}, *settings);
    if (!result) return exit_usage;
    bool any = false;
    for (const auto& scenario : result->scenarios) {
        if (!matches_filters(options.filters, scenario)) continue;
        any = true;
        if (options.hash)
            std::cout << plan::plan_hash(scenario.plan) << "  " << scenario.plan.scenario << "\n";
        else
            std::cout << plan::to_json(scenario.plan).dump(2, ' ', false, nlohmann::json::error_handler_t::replace)
                      << "\n";
    }
    if (any) return exit_pass;
    complain({"no scenario matches", "`ktstr list` shows their names"});
    return exit_usage;
}

} // namespace

void add_plan_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<PlanOptions>();
    auto* command = app.add_subcommand("plan", "print the plan of each scenario of a .ktl file, as JSON");
    command->add_option("path", options->path, ".ktl file")->required()->type_name("FILE");
    command->add_option("--filter", options->filters,
                        "only scenarios whose name has this in it, or matches this pattern");
    command->add_flag("--hash", options->hash, "print the plans' hashes instead");
    add_compile_options(*command, options->topology, options->duration);
    command->callback([options, &exit_code] { exit_code = print_plans(*options); });
}

} // namespace ktstr::cli
