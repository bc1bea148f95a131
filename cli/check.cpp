// SPDX-License-Identifier: GPL-2.0-only
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/load.h"
#include "cli/run_options.h"
#include "interp/diagnostics/render.h"
#include "report/plan_words.h"

namespace ktstr::cli {

namespace {

struct CheckOptions {
    std::vector<std::filesystem::path> paths;
    std::string format = "pretty";
    CompileArguments compile;
    std::string kernel;
};

// What this version cannot run, at each place once, in the order of the scenarios.
struct Lacking {
    std::vector<NotYet> notes;
    std::size_t scenarios = 0;
};

Lacking lacking(const std::vector<CompiledScenario>& scenarios) {
    Lacking out;
    std::set<std::string> said;
    for (const auto& scenario : scenarios) {
        auto found = not_yet(scenario);
        if (!found.empty()) ++out.scenarios;
        for (auto& one : found)
            if (said.insert(one.where + one.message).second) out.notes.push_back(std::move(one));
    }
    return out;
}

nlohmann::ordered_json to_json(const NotYet& note) {
    const auto number = [](int value) { return value > 0 ? nlohmann::ordered_json(value) : nlohmann::ordered_json(); };
    return {{"type", "note"},
            {"severity", "note"},
            {"file", note.file},
            {"line", number(note.line)},
            {"column", number(note.line > 0 ? note.column : 0)},
            {"message", note.message}};
}

std::string json_line(const auto& json) {
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// "3 scenarios are ready to run, 1 needs what this version cannot do yet"
std::string summary(std::size_t count, std::size_t lacking) {
    const std::size_t ready = count - lacking;
    std::string text = std::to_string(ready) + (ready == 1 ? " scenario is" : " scenarios are") + " ready to run";
    if (lacking > 0)
        text +=
            ", " + std::to_string(lacking) + (lacking == 1 ? " needs" : " need") + " what this version cannot do yet";
    return text;
}

// Each message at its first place in a file, with the number of its other places there.
void print(const std::vector<NotYet>& notes) {
    std::map<std::pair<std::string, std::string>, std::size_t> places;
    for (const auto& note : notes) ++places[{note.file, note.message}];
    for (const auto& note : notes) {
        const std::size_t count = std::exchange(places[{note.file, note.message}], 0);
        if (count == 0) continue;
        const std::string more = count == 1 ? "" : " (and at " + report::count_words(count - 1, "more place") + ")";
        std::fprintf(stderr, "%s: note: %s%s\n", note.where.c_str(), note.message.c_str(), more.c_str());
    }
}

// One JSON object per diagnostic on standard output, then one per note.
int check_as_json(const std::vector<std::filesystem::path>& paths, const CompileOptions& settings) {
    const auto result = compile_paths(paths, settings);
    if (!result) {
        complain(result.error());
        return exit_usage;
    }
    bool failed = false;
    for (const auto& diagnostic : result->diagnostics) {
        std::cout << json_line(ktstr::to_json(diagnostic));
        failed = failed || diagnostic.severity() == Severity::error;
    }
    for (const auto& note : lacking(result->scenarios).notes) std::cout << json_line(to_json(note));
    return failed ? exit_usage : exit_pass;
}

int check(const CheckOptions& options) {
    const auto settings = compile_options(options.compile, options.kernel);
    if (!settings) {
        complain(settings.error());
        return exit_usage;
    }
    if (options.format == "json") return check_as_json(options.paths, *settings);
    DiagnosticPrinter printer;
    const auto result = compile_or_explain(options.paths, *settings, printer);
    if (!result) return exit_usage;
    const Lacking missing = lacking(result->scenarios);
    print(missing.notes);
    std::cout << summary(result->scenarios.size(), missing.scenarios) << "\n";
    return exit_pass;
}

} // namespace

void add_check_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<CheckOptions>();
    auto* command = app.add_subcommand("check", "check .ktl files without running anything");
    command->add_option("paths", options->paths, ".ktl files and folders")->required()->type_name("PATH");
    command->add_option("--format", options->format, "pretty or json (a line per message and note)")
        ->check(CLI::IsMember({"pretty", "json"}));
    add_compile_options(*command, options->compile);
    add_kernel_version(*command, options->kernel);
    command->callback([options, &exit_code] { exit_code = check(*options); });
}

} // namespace ktstr::cli
