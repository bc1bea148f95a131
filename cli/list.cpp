// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/run_options.h"
#include "interp/plan/work_types.h"
#include "report/result.h"

namespace ktstr::cli {

namespace {

// A word that is no path names a catalogue: one name per line.
bool list_catalogue(const std::string& word) {
    if (word == "ops")
        for (const auto& name : plan::op_names()) std::cout << name << "\n";
    else if (word == "work-types")
        for (const auto& type : plan::work_types()) std::cout << type.name << "\n";
    else
        return false;
    return true;
}

int list(const std::vector<std::filesystem::path>& paths) {
    std::error_code code;
    if (paths.size() == 1 && !std::filesystem::exists(paths[0], code) && list_catalogue(paths[0].string()))
        return exit_pass;
    const auto result = compile_or_explain(paths, {});
    if (!result) return exit_usage;
    std::size_t name_width = 0;
    std::size_t scheduler_width = 0;
    for (const auto& scenario : result->scenarios) {
        name_width = std::max(name_width, scenario.plan.scenario.size());
        scheduler_width = std::max(scheduler_width, report::scheduler_name(scenario.plan).size());
    }
    const auto padded = [](std::string text, std::size_t width) {
        text.resize(std::max(text.size(), width), ' ');
        return text + "  ";
    };
    for (const auto& scenario : result->scenarios)
        std::cout << padded(scenario.plan.scenario, name_width)
                  << padded(report::scheduler_name(scenario.plan), scheduler_width)
                  << padded(scenario.plan.topology.label(), 10) << scenario.file.string() << ":"
                  << scenario.plan.source.line << "\n";
    return exit_pass;
}

} // namespace

void add_list_command(CLI::App& app, int& exit_code) {
    auto paths = std::make_shared<std::vector<std::filesystem::path>>();
    auto* command = app.add_subcommand("list", "list the scenarios of .ktl files and folders, or: ops, work-types");
    command->add_option("paths", *paths, ".ktl files and folders; or ops, or work-types")
        ->required()
        ->type_name("PATH");
    command->callback([paths, &exit_code] { exit_code = list(*paths); });
}

} // namespace ktstr::cli
