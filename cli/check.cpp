// SPDX-License-Identifier: GPL-2.0-only
#include <cstdio>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/run_options.h"
#include "interp/diagnostics/render.h"

namespace ktstr::cli {

namespace {

struct CheckOptions {
    std::vector<std::filesystem::path> paths;
    std::string format = "pretty";
    CompileArguments compile;
    std::string kernel;
};

// One JSON object per diagnostic on standard output.
int check_as_json(const std::vector<std::filesystem::path>& paths, const CompileOptions& settings) {
    const auto result = compile_paths(paths, settings);
    if (!result) {
        complain(result.error());
        return exit_usage;
    }
    bool failed = false;
    for (const auto& diagnostic : result->diagnostics) {
        std::cout << to_json(diagnostic).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
        failed = failed || diagnostic.severity() == Severity::error;
    }
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
    const std::size_t count = result->scenarios.size();
    std::cout << count << (count == 1 ? " scenario is" : " scenarios are") << " ready to run\n";
    return exit_pass;
}

} // namespace

void add_check_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<CheckOptions>();
    auto* command = app.add_subcommand("check", "check .ktl files without running anything");
    command->add_option("paths", options->paths, ".ktl files and folders")->required()->type_name("PATH");
    command->add_option("--format", options->format, "pretty or json (a line per message)")
        ->check(CLI::IsMember({"pretty", "json"}));
    add_compile_options(*command, options->compile);
    add_kernel_version(*command, options->kernel);
    command->callback([options, &exit_code] { exit_code = check(*options); });
}

} // namespace ktstr::cli
