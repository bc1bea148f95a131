// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/catalogue.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/load.h"
#include "cli/run_options.h"
#include "report/plan_words.h"
#include "report/result.h"
#include "report/text.h"

namespace ktstr::cli {

namespace {

struct ListOptions {
    std::vector<std::string> words; // paths; the first one may be a catalogue's name
    std::string format = "pretty";
    bool with_summaries = false;
};

std::string json_line(const nlohmann::ordered_json& object) {
    return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// Columns without titles.
void print_columns(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], report::display_width(row[i]));
    }
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line += row[i] + std::string(i + 1 == row.size() ? 0 : widths[i] - report::display_width(row[i]) + 2, ' ');
        std::cout << line.substr(0, line.find_last_not_of(' ') + 1) << "\n";
    }
}

int list_catalogue(const ListOptions& options) {
    const std::string& name = options.words.front();
    const auto entries = catalogue(name, {options.words.begin() + 1, options.words.end()});
    if (!entries) {
        complain(entries.error());
        return exit_usage;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& entry : *entries) {
        if (options.format == "json") {
            nlohmann::ordered_json object = {{"name", entry.name}, {"summary", entry.summary}};
            if (!entry.more.empty()) object.update(nlohmann::ordered_json::parse(entry.more));
            std::cout << json_line(object);
        } else if (options.with_summaries) {
            rows.push_back({entry.name, entry.summary});
        } else {
            const bool classed = name == "keywords"; // what a keyword is tells editors how to show it
            std::cout << entry.name << (classed ? " " + entry.summary : "") << "\n";
        }
    }
    print_columns(rows);
    return exit_pass;
}

std::optional<CompileResult> compiled(const std::vector<std::string>& paths) {
    DiagnosticPrinter printer;
    return compile_or_explain({paths.begin(), paths.end()}, {}, printer);
}

int list_gauntlets(const ListOptions& options) {
    if (options.words.size() == 1) {
        complain({"whose gauntlets?", "name files or folders: ktstr list gauntlets a.ktl"});
        return exit_usage;
    }
    const auto result = compiled({options.words.begin() + 1, options.words.end()});
    if (!result) return exit_usage;
    std::vector<std::vector<std::string>> rows;
    for (const auto& gauntlet : result->gauntlets) {
        const auto of_file = [&](const CompiledScenario& scenario) { return scenario.file == gauntlet.file; };
        const auto all = std::count_if(result->scenarios.begin(), result->scenarios.end(), of_file);
        const std::size_t scenarios =
            gauntlet.scenarios.empty() ? static_cast<std::size_t>(all) : gauntlet.scenarios.size();
        if (options.format == "json")
            std::cout << json_line({{"name", gauntlet.name},
                                    {"file", gauntlet.file.string()},
                                    {"combinations", gauntlet.runs.size()},
                                    {"scenarios", scenarios},
                                    {"runs", gauntlet.runs.size() * scenarios},
                                    {"budget_ns", gauntlet.budget_ns ? nlohmann::ordered_json(*gauntlet.budget_ns)
                                                                     : nlohmann::ordered_json()}});
        rows.push_back({gauntlet.name,
                        report::count_words(scenarios, "scenario") + " in " +
                            report::count_words(gauntlet.runs.size(), "combination") + ": " +
                            report::count_words(gauntlet.runs.size() * scenarios, "run"),
                        gauntlet.budget_ns ? "in " + report::duration_words(*gauntlet.budget_ns) : "",
                        gauntlet.file.string()});
    }
    if (options.format != "json") print_columns(rows);
    return exit_pass;
}

// Of .ktl files and folders, then of plan files.
std::optional<std::vector<CompiledScenario>> scenarios_of(const std::vector<std::string>& paths) {
    std::vector<std::string> sources;
    std::vector<CompiledScenario> planned;
    for (const auto& path : paths) {
        if (!is_plan_file(path)) {
            sources.push_back(path);
            continue;
        }
        auto read = read_plan_file(path);
        if (!read) return complain(read.error()), std::nullopt;
        std::move(read->begin(), read->end(), std::back_inserter(planned));
    }
    if (sources.empty()) return planned;
    auto result = compiled(sources);
    if (!result) return std::nullopt;
    std::move(planned.begin(), planned.end(), std::back_inserter(result->scenarios));
    return std::move(result->scenarios);
}

int list_scenarios(const ListOptions& options) {
    const auto scenarios = scenarios_of(options.words);
    if (!scenarios) return exit_usage;
    std::vector<std::vector<std::string>> rows;
    for (const auto& scenario : *scenarios) {
        const auto& plan = scenario.plan;
        const std::string topology = plan.topology.label();
        if (options.format == "json")
            std::cout << json_line({{"name", plan.scenario},
                                    {"scheduler", report::scheduler_name(plan)},
                                    {"topology", topology},
                                    {"file", scenario.file.string()},
                                    {"line", plan.source.line}});
        rows.push_back({plan.scenario, report::scheduler_name(plan), topology,
                        scenario.file.string() + ":" + std::to_string(plan.source.line)});
    }
    if (options.format != "json") print_columns(rows);
    return exit_pass;
}

int list(const ListOptions& options) {
    const std::string& first = options.words.front();
    const auto& names = catalogue_names();
    std::error_code code;
    const bool is_path = std::filesystem::exists(first, code);
    if (!is_path && std::find(names.begin(), names.end(), first) != names.end()) return list_catalogue(options);
    if (!is_path && first == "gauntlets") return list_gauntlets(options);
    return list_scenarios(options);
}

std::string known_words() {
    std::string words;
    for (const auto& name : catalogue_names()) words += name + ", ";
    return words;
}

} // namespace

void add_list_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<ListOptions>();
    auto* command = app.add_subcommand("list", "list scenarios, gauntlets, or the words that the language knows");
    command
        ->add_option("what", options->words,
                     ".ktl files and folders, to list their scenarios; or one of: " + known_words() +
                         "or gauntlets, before the paths whose own are listed")
        ->required()
        ->type_name("PATH");
    command->add_flag("--long", options->with_summaries, "say what each word means");
    command->add_option("--format", options->format, "pretty or json (a line for each)")
        ->check(CLI::IsMember({"pretty", "json"}));
    command->callback([options, &exit_code] { exit_code = list(*options); });
}

} // namespace ktstr::cli
