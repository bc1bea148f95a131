// SPDX-License-Identifier: GPL-2.0-only
#include "cli/load.h"

#include <algorithm>
#include <cstdio>

#include "base/file.h"
#include "cli/run_options.h"
#include "interp/plan/plan_file.h"
#include "interp/plan/requirements.h"
#include "report/source_line.h"

namespace ktstr::cli {

namespace {

constexpr std::uint64_t largest_plan_file = 256U << 20U; // bytes

Result<std::vector<CompiledScenario>> read_plan_file(const std::filesystem::path& path) {
    const auto content = read_file(path, largest_plan_file);
    if (!content) return content.error();
    auto plans = plan::plans_from_text(*content);
    if (!plans) return Error{path.string() + ": " + plans.error().message, plans.error().hint};
    std::vector<CompiledScenario> scenarios;
    for (auto& plan : *plans) scenarios.push_back({std::move(plan), path, path.parent_path()});
    return scenarios;
}

std::optional<std::vector<CompiledScenario>> load_all(const LoadOptions& options) {
    const auto settings = compile_options(options.topology, options.duration);
    if (!settings) {
        complain(settings.error());
        return std::nullopt;
    }
    std::vector<std::filesystem::path> sources = options.paths;
    const auto is_source = [](const std::filesystem::path& path) { return path.extension() != ".json"; };
    const auto first_plan = std::stable_partition(sources.begin(), sources.end(), is_source);
    const std::vector<std::filesystem::path> plan_files(first_plan, sources.end());
    sources.erase(first_plan, sources.end());
    if (!plan_files.empty() && (options.topology || options.duration)) {
        complain({"--topology and --duration do not go with the plan file " + plan_files.front().string(),
                  "a plan has both in it: give the .ktl file, or make another plan"});
        return std::nullopt;
    }
    std::vector<CompiledScenario> scenarios;
    if (!sources.empty()) {
        auto compiled = compile_or_explain(sources, *settings);
        if (!compiled) return std::nullopt;
        scenarios = std::move(compiled->scenarios);
    }
    for (const auto& path : plan_files) {
        auto read = read_plan_file(path);
        if (!read) {
            complain(read.error());
            return std::nullopt;
        }
        std::move(read->begin(), read->end(), std::back_inserter(scenarios));
    }
    return scenarios;
}

} // namespace

std::optional<std::vector<CompiledScenario>> load_or_explain(const LoadOptions& options) {
    auto scenarios = load_all(options);
    if (!scenarios) return std::nullopt;
    std::erase_if(*scenarios,
                  [&options](const CompiledScenario& scenario) { return !matches_filters(options.filters, scenario); });
    if (!scenarios->empty()) return scenarios;
    complain({"no scenario matches", "`ktstr list` shows their names"});
    return std::nullopt;
}

bool can_run_or_explain(const CompiledScenario& scenario) {
    const auto lacks = plan::lacks(scenario.plan);
    if (lacks.empty()) return true;
    report::ScenarioResult shown;
    shown.plan = scenario.plan;
    shown.file = scenario.file;
    for (const auto& lack : lacks) {
        const bool placed = !lack.source.file.empty();
        const std::string where = placed ? report::location(shown, lack.source) : scenario.file.string();
        std::fprintf(stderr, "%s: error: this version of ktstr cannot do it yet: %s\n", where.c_str(),
                     lack.what.c_str());
    }
    return false;
}

} // namespace ktstr::cli
