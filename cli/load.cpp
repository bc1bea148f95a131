// SPDX-License-Identifier: GPL-2.0-only
#include "cli/load.h"

#include <cstdio>
#include <set>

#include "base/file.h"
#include "interp/plan/plan_file.h"
#include "interp/plan/requirements.h"
#include "report/source_line.h"

namespace ktstr::cli {

namespace {

constexpr std::uint64_t largest_plan_file = 256U << 20U; // bytes

// What a place is told by: the file that the user named, and the plan's own position.
report::ScenarioResult shown(const CompiledScenario& scenario) {
    report::ScenarioResult result;
    result.plan.source = scenario.plan.source;
    result.file = scenario.file;
    return result;
}

std::string where(const report::ScenarioResult& shown, const plan::SourcePosition& source) {
    return source.file.empty() ? shown.file.string() : report::location(shown, source);
}

} // namespace

std::string refusal(const CompiledScenario& scenario, const plan::SourcePosition& source, const Error& error) {
    return where(shown(scenario), source) + ": error: " + error.message +
           (error.hint.empty() ? "" : "\n  hint: " + error.hint);
}

bool is_plan_file(const std::filesystem::path& path) { return path.extension() == ".json"; }

Result<std::vector<CompiledScenario>> read_plan_file(const std::filesystem::path& path) {
    const auto content = read_file(path, largest_plan_file);
    if (!content) return content.error();
    auto plans = plan::plans_from_text(*content);
    if (!plans) return Error{path.string() + ": " + plans.error().message, plans.error().hint};
    std::vector<CompiledScenario> scenarios;
    for (auto& plan : *plans) scenarios.push_back({std::move(plan), path, path.parent_path()});
    return scenarios;
}

std::vector<NotYet> not_yet(const CompiledScenario& scenario) {
    std::vector<NotYet> out;
    const auto place = shown(scenario);
    for (const auto& lack : plan::lacks(scenario.plan)) {
        const auto& source = lack.source;
        NotYet one{where(place, {source.file, 0, 0}), 0, 0, where(place, source), ""};
        if (!source.file.empty()) {
            one.line = source.line;
            one.column = source.column;
        }
        one.message = "this version of ktstr cannot do it yet: " + lack.what;
        out.push_back(std::move(one));
    }
    return out;
}

bool can_run_or_explain(const std::vector<const CompiledScenario*>& scenarios) {
    std::set<std::string> said;
    for (const auto* scenario : scenarios)
        for (const auto& one : not_yet(*scenario))
            if (const auto [text, is_new] = said.insert(one.where + ": error: " + one.message); is_new)
                std::fprintf(stderr, "%s\n", text->c_str());
    return said.empty();
}

} // namespace ktstr::cli
