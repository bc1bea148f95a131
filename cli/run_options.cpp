// SPDX-License-Identifier: GPL-2.0-only
#include "cli/run_options.h"

#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace ktstr::cli {

namespace {

// "2s", "1.5min", "500ms": a positive duration in ns.
Result<std::uint64_t> parse_duration(const std::string& text) {
    char* unit = nullptr;
    const double number = std::strtod(text.c_str(), &unit);
    const std::string name(unit);
    const double factor = name == "ms" ? 1e6 : name == "s" ? 1e9 : name == "min" ? 60e9 : 0;
    const double ns = number * factor;
    if (unit == text.c_str() || factor == 0 || !(ns >= 1e6) || ns > 24.0 * 3600e9)
        return Error{"'" + text + "' is not a duration", "write it as in 500ms, 10s or 2min, from 1 ms to 24 h"};
    return static_cast<std::uint64_t>(std::llround(ns));
}

bool is_name(std::string_view text) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !text.empty() && is_letter(text.front()) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

// "name=value" into `parameters`.
Result<void> add_parameter(const std::string& given, std::map<std::string, std::string>& parameters) {
    const auto equals = given.find('=');
    const std::string name = given.substr(0, equals);
    if (equals == std::string::npos || !is_name(name) || equals + 1 == given.size())
        return Error{"'-P " + given + "' is not NAME=VALUE",
                     "write the value as in a file: -P workers=4, -P burst=5ms, -P \"name=\\\"text\\\"\""};
    if (!parameters.emplace(name, given.substr(equals + 1)).second)
        return Error{"-P gives the parameter " + name + " twice", "give it once"};
    return {};
}

} // namespace

std::vector<std::string> CompileArguments::words() const {
    std::vector<std::string> words;
    for (const auto& parameter : parameters) words.insert(words.end(), {"-P", parameter});
    if (topology) words.insert(words.end(), {"--topology", *topology});
    if (duration) words.insert(words.end(), {"--duration", *duration});
    return words;
}

void add_compile_options(CLI::App& command, CompileArguments& arguments) {
    add_repeated(command, "-P", arguments.parameters, "set a parameter of the files, as in -P workers=4; repeat it")
        ->type_name("NAME=VALUE");
    command.add_option("--topology", arguments.topology, "machine shape for every scenario, as in 1n2l4c1t")
        ->type_name("NnNlNcNt");
    command.add_option("--duration", arguments.duration, "let every scenario last this long, as in 10s")
        ->type_name("TIME");
}

std::vector<std::string> Replacement::words() const {
    std::vector<std::string> words;
    for (const auto& program : programs) words.insert(words.end(), {"--scheduler", program});
    if (!arguments.empty()) words.push_back("--scheduler-args=" + arguments);
    return words;
}

void add_replacement_options(CLI::App& command, Replacement& replacement) {
    add_repeated(command, "--scheduler", replacement.programs,
                 "this program in the place of the scenario's scheduler, or of the one of this name")
        ->type_name("[NAME=]FILE");
    command
        .add_option("--scheduler-args", replacement.arguments,
                    "more arguments for it, as in --scheduler-args=\"--slice-us 500\"")
        ->type_name("WORDS");
}

void add_kernel_version(CLI::App& command, std::string& kernel) {
    command.add_option("--kernel", kernel, "the version that `kernel` stands for in the files, as in 6.14")
        ->type_name("VERSION");
}

Result<CompileOptions> compile_options(const CompileArguments& arguments) {
    CompileOptions options;
    for (const auto& parameter : arguments.parameters)
        if (auto added = add_parameter(parameter, options.parameters); !added) return added.error();
    if (arguments.topology) {
        auto parsed = plan::parse_topology(*arguments.topology);
        if (!parsed) return parsed.error();
        options.topology = *parsed;
    }
    if (arguments.duration) {
        auto parsed = parse_duration(*arguments.duration);
        if (!parsed) return parsed.error();
        options.duration_ns = *parsed;
    }
    return options;
}

Result<CompileOptions> compile_options(const CompileArguments& arguments, const std::string& kernel) {
    auto options = compile_options(arguments);
    if (!options || kernel.empty()) return options;
    options->kernel = version_digits(kernel);
    if (options->kernel.empty())
        return Error{"'" + kernel + "' is not the version of a kernel",
                     "write it as in 6.14; only `ktstr run` takes images, build trees and cache ids"};
    return options;
}

CLI::Option* add_repeated(CLI::App& command, const std::string& name, std::vector<std::string>& values,
                          const std::string& description) {
    return command.add_option(name, values, description)->allow_extra_args(false);
}

std::string version_digits(std::string_view kernel) {
    if (kernel.starts_with("v")) kernel.remove_prefix(1);
    std::string digits(kernel.substr(0, kernel.find_first_not_of("0123456789.")));
    while (digits.ends_with('.')) digits.pop_back();
    if (digits.starts_with('.') || digits.find("..") != std::string::npos) return "";
    const bool is_path = kernel.find('/') != std::string_view::npos;
    if (digits.empty() || is_path) return "";
    return digits.find('.') == std::string::npos ? digits + ".0" : digits;
}

bool name_matches(const std::vector<std::string>& filters, const std::string& text) {
    return filters.empty() || std::any_of(filters.begin(), filters.end(), [&text](const std::string& filter) {
               return text.find(filter) != std::string::npos || ::fnmatch(filter.c_str(), text.c_str(), 0) == 0;
           });
}

bool matches_filters(const std::vector<std::string>& filters, const CompiledScenario& scenario) {
    return name_matches(filters, scenario.plan.scenario) || name_matches(filters, scenario.file.string());
}

std::optional<CompileResult> compile_or_explain(const std::vector<std::filesystem::path>& paths,
                                                const CompileOptions& options, DiagnosticPrinter& printer) {
    auto result = compile_paths(paths, options);
    if (!result) {
        complain(result.error());
        return std::nullopt;
    }
    if (printer.print(result->diagnostics)) return std::nullopt;
    return std::move(*result);
}

} // namespace ktstr::cli
