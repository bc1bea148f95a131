// SPDX-License-Identifier: GPL-2.0-only
#include "cli/run_options.h"

#include <fnmatch.h>

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

} // namespace

void add_compile_options(CLI::App& command, std::optional<std::string>& topology,
                         std::optional<std::string>& duration) {
    command.add_option("--topology", topology, "use this topology for every scenario, as in 1n2l4c1t")
        ->type_name("NnNlNcNt");
    command.add_option("--duration", duration, "let every scenario last this long, as in 10s")->type_name("TIME");
}

Result<CompileOptions> compile_options(const std::optional<std::string>& topology,
                                       const std::optional<std::string>& duration) {
    CompileOptions options;
    if (topology) {
        auto parsed = plan::parse_topology(*topology);
        if (!parsed) return parsed.error();
        options.topology = *parsed;
    }
    if (duration) {
        auto parsed = parse_duration(*duration);
        if (!parsed) return parsed.error();
        options.duration_ns = *parsed;
    }
    return options;
}

bool matches_filters(const std::vector<std::string>& filters, const CompiledScenario& scenario) {
    if (filters.empty()) return true;
    for (const auto& filter : filters)
        for (const std::string& text : {scenario.plan.scenario, scenario.file.string()})
            if (text.find(filter) != std::string::npos || ::fnmatch(filter.c_str(), text.c_str(), 0) == 0) return true;
    return false;
}

std::optional<CompileResult> compile_or_explain(const std::vector<std::filesystem::path>& paths,
                                                const CompileOptions& options) {
    auto result = compile_paths(paths, options);
    if (!result) {
        complain(result.error());
        return std::nullopt;
    }
    if (print(result->diagnostics)) return std::nullopt;
    return std::move(*result);
}

} // namespace ktstr::cli
