// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include "interp/check/check.h"
#include "interp/check/settings.h"

namespace ktstr::check {

using syntax::Kind;

const model::Scheduler& Checker::check_scheduler(const Symbol& symbol) {
    if (const auto known = schedulers_.find(&symbol); known != schedulers_.end()) return known->second;
    const ast::Scheduler& scheduler = *std::get<const ast::Scheduler*>(symbol.definition);
    const Module& module = *symbol.module;
    model::Scheduler out;
    out.scheduler.name = scheduler.name.text;
    out.scheduler.source = position_of(scheduler.name.span);
    const Settings settings(scheduler.settings, diagnostics_);
    if (const auto* binary = settings.value(Kind::binary)) {
        out.scheduler.binary = evaluator_.evaluate_string(*binary, module).value_or("?");
        if (out.scheduler.binary.empty())
            diagnostics_.add(Code::out_of_range, binary->span, "the name of the binary is empty");
    } else {
        diagnostics_.add(Code::missing_setting, scheduler.name.span,
                         "the scheduler `" + scheduler.name.text + "` has no `binary`", "add: binary \"scx_...\"");
    }
    if (const auto* args = settings.value(Kind::args))
        out.scheduler.args = evaluator_.evaluate_strings(*args, module).value_or(std::vector<std::string>{});
    if (const auto* kernel_args = settings.value(Kind::kernel_args))
        out.kernel_args = evaluator_.evaluate_strings(*kernel_args, module).value_or(std::vector<std::string>{});
    if (const auto* topology = settings.value(Kind::topology))
        if (const auto value = evaluator_.evaluate_as(Type::topology, *topology, module))
            out.topology = value->topology;
    check_sysctls(scheduler.sysctls, module, out.sysctls);
    std::vector<ast::Expectation> general;
    for (const auto& expectation : scheduler.expectations) {
        if (!expectation.cgroup && expectation.kind != Kind::error) {
            general.push_back(expectation);
            continue;
        }
        diagnostics_.add(Code::expectation_of_scheduler, expectation.span,
                         expectation.cgroup ? "a scheduler knows no cgroups by name"
                                            : "a scheduler cannot expect an error of every scenario",
                         "move this into the scenario's own expect block");
    }
    Layer layer = check_expectations(general, module);
    out.expectations = std::move(layer.expectations);
    out.switched_off = std::move(layer.switched_off);
    return schedulers_.emplace(&symbol, std::move(out)).first->second;
}

// The scheduler that the scenario names, with the scenario's further arguments.
std::optional<model::Scheduler> Checker::scheduler_of(const ast::Scenario& scenario, const Module& module) {
    if (scenario.schedulers.empty()) return std::nullopt;
    if (scenario.schedulers.size() > 1)
        diagnostics_.add(Code::duplicate_setting, scenario.schedulers[1].name.span, "`scheduler` is given twice",
                         "first given on line " + std::to_string(scenario.schedulers[0].name.span.line()));
    const ast::SchedulerUse& use = scenario.schedulers.front();
    const Symbol* symbol = names_.find(module, use.name.text, use.name.span);
    if (symbol == nullptr) {
        names_.report_unknown(module, use.name.text, use.name.span, "scheduler", {"scheduler"});
        return std::nullopt;
    }
    if (!std::holds_alternative<const ast::Scheduler*>(symbol->definition)) {
        diagnostics_.add(Code::wrong_kind_of_name, use.name.span,
                         "`" + use.name.text + "` is a " + std::string(symbol->kind()) + ", not a scheduler");
        return std::nullopt;
    }
    model::Scheduler scheduler = check_scheduler(*symbol);
    if (use.with_args) {
        const auto more = evaluator_.evaluate_strings(use.with_args->values.front(), module);
        if (more) scheduler.scheduler.args.insert(scheduler.scheduler.args.end(), more->begin(), more->end());
    }
    return scheduler;
}

void Checker::check_sysctls(const std::vector<ast::Sysctl>& sysctls, const Module& module,
                            std::map<std::string, std::string>& out) {
    std::set<std::string> given;
    for (const auto& sysctl : sysctls) {
        const std::string& key = sysctl.key.text;
        const bool good = !key.empty() && key.find("..") == std::string::npos && key.front() != '.' &&
                          std::all_of(key.begin(), key.end(), [](unsigned char c) {
                              return (std::isalnum(c) != 0) || c == '_' || c == '-' || c == '.';
                          });
        if (!good)
            diagnostics_.add(Code::bad_literal, sysctl.key.span, "this is not the name of a sysctl",
                             "write it as in \"kernel.numa_balancing\"");
        if (!given.insert(key).second)
            diagnostics_.add(Code::duplicate_setting, sysctl.key.span, "the sysctl \"" + key + "\" is set twice");
        const auto value = evaluator_.evaluate(sysctl.value, module);
        if (!value) continue;
        if (value->type == Type::count)
            out[key] = std::to_string(value->integer);
        else if (value->type == Type::string)
            out[key] = value->text;
        else
            diagnostics_.add(Code::type_mismatch, sysctl.value.span,
                             "expected a count or a string, found " + describe(value->type));
    }
}

} // namespace ktstr::check
