// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include "interp/check/check.h"
#include "interp/check/lifetimes.h"
#include "interp/check/settings.h"

namespace ktstr::check {

using syntax::Kind;

namespace {

constexpr std::int64_t shortest_duration_ns = 1'000'000;
constexpr std::int64_t longest_duration_ns = 86'400'000'000'000; // a day
constexpr plan::Topology default_topology{1, 1, 2, 1};
constexpr std::int64_t least_memory = 64LL << 20;
constexpr std::int64_t most_memory = 1LL << 40;

} // namespace

plan::SourcePosition position_of(Span span) {
    const auto position = span.file->position(span.begin);
    return {span.file->name(), position.line, position.column};
}

std::vector<model::Scenario> Checker::check_file(const Module& module) {
    const std::size_t errors = diagnostics_.errors();
    std::vector<model::Scenario> scenarios;
    for (const auto& scenario : module.file.scenarios) {
        const std::size_t before = diagnostics_.errors();
        model::Scenario checked = check_scenario(scenario, module);
        check_lifetimes(checked, diagnostics_);
        if (diagnostics_.errors() == before) scenarios.push_back(std::move(checked));
    }
    check_declarations(module);
    if (!module.broken && diagnostics_.errors() == errors) names_.report_unused(module);
    return scenarios;
}

// What no scenario uses must be right too.
void Checker::check_declarations(const Module& module) {
    for (const auto& [name, symbol] : module.symbols) {
        if (std::holds_alternative<const ast::Scheduler*>(symbol.definition)) {
            check_scheduler(symbol);
        } else if (const auto* const* work = std::get_if<const ast::Work*>(&symbol.definition)) {
            model::Work out;
            workloads_in_progress_.push_back(&symbol);
            check_workload((*work)->workload, module, out);
            workloads_in_progress_.pop_back();
            if (!(*work)->workload.labels.empty())
                diagnostics_.add(Code::unknown_parameter, (*work)->workload.labels.front().span,
                                 "a named workload has its name already", "`as` is for the workers of a cgroup");
        } else {
            (void)evaluator_.value_of(symbol, symbol.span);
        }
    }
}

model::Scenario Checker::check_scenario(const ast::Scenario& scenario, const Module& module) {
    model::Scenario out;
    out.name = scenario.name.text;
    out.topology = default_topology;
    out.span = scenario.span;
    if (out.name.empty()) diagnostics_.add(Code::missing_setting, scenario.name.span, "the scenario has an empty name");
    const Settings settings(scenario.settings, diagnostics_);
    Layer scheduler_layer;
    if (const auto scheduler = scheduler_of(scenario, module)) {
        out.scheduler = scheduler->scheduler;
        if (scheduler->topology) out.topology = *scheduler->topology;
        out.kernel_args = scheduler->kernel_args;
        out.sysctls = scheduler->sysctls;
        scheduler_layer = {scheduler->expectations, scheduler->switched_off};
    } else if (!scenario.schedulers.empty()) {
        out.scheduler = plan::Scheduler{}; // reported; the ops that need one are right
    }
    if (const auto* topology = settings.value(Kind::topology))
        if (const auto value = evaluator_.evaluate_as(Type::topology, *topology, module))
            out.topology = value->topology;
    if (const auto* memory = settings.value(Kind::memory))
        if (const auto value =
                evaluator_.evaluate_integer(Type::size, *memory, module, least_memory, most_memory, "the memory"))
            out.memory_bytes = static_cast<std::uint64_t>(*value);
    if (const auto* duration = settings.value(Kind::duration))
        if (const auto value = evaluator_.evaluate_integer(Type::duration, *duration, module, shortest_duration_ns,
                                                           longest_duration_ns, "the duration"))
            out.duration_ns = static_cast<std::uint64_t>(*value);
    if (const auto* kernel_args = settings.value(Kind::kernel_args))
        if (const auto more = evaluator_.evaluate_strings(*kernel_args, module))
            out.kernel_args.insert(out.kernel_args.end(), more->begin(), more->end());
    check_sysctls(scenario.sysctls, module, out.sysctls);
    out.backdrop = check_statements(scenario.backdrop, module);
    check_steps(scenario, module, out);
    out.expectations =
        merge({scheduler_layer, check_expectations(scenario.expectations, module)}, position_of(scenario.span));
    return out;
}

// The steps; or, without any, one step of the statements that stand directly in the scenario.
void Checker::check_steps(const ast::Scenario& scenario, const Module& module, model::Scenario& out) {
    if (!scenario.steps.empty() && !scenario.statements.empty()) {
        const auto span = std::visit([](const auto& statement) { return statement.span; }, scenario.statements.front());
        diagnostics_.add(Code::steps_and_direct_statements, span,
                         "this stands beside steps, so it is not clear when it happens",
                         "put it into a step, or into `backdrop { }` to have it through all steps");
        (void)check_statements(scenario.statements, module);
    }
    if (scenario.steps.empty() && scenario.statements.empty() && scenario.backdrop.empty()) {
        if (module.broken) return; // what it runs may be among what did not parse
        diagnostics_.add(Code::empty_scenario, scenario.span, "the scenario runs nothing", "add a cgroup with workers");
        return;
    }
    if (scenario.steps.empty()) {
        out.steps.push_back(
            {"", check_statements(scenario.statements, module), {{}, {}, scenario.span}, scenario.span});
        return;
    }
    std::set<std::string> names;
    for (std::size_t i = 0; i < scenario.steps.size(); ++i) {
        const ast::Step& step = scenario.steps[i];
        const std::string name = step.name ? step.name->text : "step " + std::to_string(i + 1);
        if (!names.insert(name).second)
            diagnostics_.add(Code::duplicate_name, step.span, "there are two steps \"" + name + "\"");
        model::Step next{name, check_statements(step.statements, module), {{}, {}, step.span}, step.span};
        check_hold(step, module, next);
        out.steps.push_back(std::move(next));
    }
}

void Checker::check_hold(const ast::Step& step, const Module& module, model::Step& out) {
    if (!step.hold) return;
    out.hold.span = step.hold->span;
    const auto value = evaluator_.evaluate(*step.hold, module);
    if (!value) return;
    if (value->type == Type::percent)
        out.hold.fraction = value->number;
    else if (value->type == Type::duration)
        out.hold.fixed_ns = static_cast<std::uint64_t>(value->integer);
    else
        diagnostics_.add(Code::type_mismatch, step.hold->span,
                         "expected a duration or a percentage, found " + describe(value->type),
                         "write it as in: step \"name\" for 2s, or: for 40%");
    if (value->type == Type::percent && !(value->number >= 0 && value->number <= 1))
        diagnostics_.add(Code::out_of_range, step.hold->span, "a hold must be between 0% and 100% of the duration");
    if (value->type == Type::duration && (value->integer < 0 || value->integer > longest_duration_ns))
        diagnostics_.add(Code::out_of_range, step.hold->span, "a hold must be between 0s and 86400s");
}

} // namespace ktstr::check
