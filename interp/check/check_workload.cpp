// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <array>

#include "interp/check/check.h"
#include "interp/check/settings.h"
#include "interp/diagnostics/suggest.h"
#include "interp/plan/work_types.h"

namespace ktstr::check {

using syntax::Kind;

namespace {

constexpr int max_workers = 10'000; // of one group
constexpr double max_worker_fraction = 100;
constexpr std::size_t max_workload_depth = 32;

Type type_of(plan::WorkParameter::Kind kind) {
    switch (kind) {
    case plan::WorkParameter::Kind::duration: return Type::duration;
    case plan::WorkParameter::Kind::size: return Type::size;
    case plan::WorkParameter::Kind::count: return Type::count;
    }
    std::abort();
}

std::vector<std::string> work_type_names() {
    std::vector<std::string> names;
    for (const auto& type : plan::work_types()) names.push_back(type.name);
    return names;
}

std::string parameter_list(const plan::WorkType& type) {
    if (type.parameters.empty()) return "`" + type.name + "` has no parameters";
    std::string text = "`" + type.name + "` has";
    for (const auto& parameter : type.parameters)
        text += (&parameter == &type.parameters.front() ? " " : ", ") + parameter.name;
    return text;
}

} // namespace

model::Work Checker::check_workers(const ast::Workers& workers, const Module& module, std::set<std::string>& labels) {
    model::Work out;
    out.span = workers.workload.span;
    out.work.source = position_of(workers.span);
    check_count(workers.count, module, out);
    if (!check_workload(workers.workload, module, out)) return out;
    if (workers.workload.labels.size() > 1)
        diagnostics_.add(Code::duplicate_setting, workers.workload.labels[1].span, "`as` is given twice");
    if (workers.workload.labels.empty()) {
        const std::string& base = out.work.name;
        std::string label = base;
        for (int i = 2; !labels.insert(label).second; ++i) label = base + "_" + std::to_string(i);
        out.work.name = label;
        return out;
    }
    const ast::Name& label = workers.workload.labels.front();
    out.work.name = label.text;
    if (!labels.insert(label.text).second)
        diagnostics_.add(Code::duplicate_name, label.span,
                         "two groups of workers of this cgroup are called `" + label.text + "`");
    return out;
}

void Checker::check_count(const ast::Expression& count, const Module& module, model::Work& out) {
    out.count.span = count.span;
    const auto value = evaluator_.evaluate(count, module);
    if (!value) return;
    if (value->type == Type::percent) {
        out.count.fraction = value->number;
        if (!(value->number > 0 && value->number <= max_worker_fraction))
            diagnostics_.add(Code::out_of_range, count.span,
                             "the share of the CPUs must be over 0% and at most 10000%");
        return;
    }
    if (value->type != Type::count) {
        diagnostics_.add(Code::type_mismatch, count.span,
                         "expected a count or a percentage of the CPUs, found " + describe(value->type));
        return;
    }
    if (value->integer < 1 || value->integer > max_workers) {
        diagnostics_.add(Code::out_of_range, count.span,
                         "the number of workers is " + std::to_string(value->integer) + ", it must be between 1 and " +
                             std::to_string(max_workers));
        return;
    }
    out.count.count = static_cast<int>(value->integer);
}

bool Checker::check_workload(const ast::Workload& workload, const Module& module, model::Work& out) {
    if (!check_base(workload, module, out)) return false;
    check_parameters(workload, module, out.work);
    const Settings settings(workload.settings, diagnostics_);
    if (const auto* nice = settings.value(Kind::nice))
        if (const auto value = evaluator_.evaluate_integer(Type::count, *nice, module, -20, 19, "nice"))
            out.work.nice = static_cast<int>(*value);
    if (const auto* policy = settings.value(Kind::policy)) check_policy(*policy, module, out.work);
    const auto* affinity = settings.value(Kind::affinity);
    if (affinity != nullptr && affinity->kind == ast::Expression::Kind::name && affinity->text == "inherit")
        out.affinity.reset();
    else if (affinity != nullptr)
        out.affinity = evaluator_.evaluate_set(*affinity, module);
    return true;
}

// The work type with its defaults, or everything of a named workload.
bool Checker::check_base(const ast::Workload& workload, const Module& module, model::Work& out) {
    const ast::Name& base = workload.base;
    if (const plan::WorkType* type = plan::find_work_type(base.text)) {
        out.work.name = type->name;
        out.work.work_type = type->name;
        for (const auto& parameter : type->parameters) out.work.parameters[parameter.name] = parameter.default_value;
        return true;
    }
    const Symbol* symbol = names_.find(module, base.text, base.span);
    if (symbol == nullptr) {
        names_.report_unknown(module, base.text, base.span, "work type or workload", {"workload"}, work_type_names());
        return false;
    }
    const auto* const* definition = std::get_if<const ast::Work*>(&symbol->definition);
    if (definition == nullptr) {
        diagnostics_.add(Code::wrong_kind_of_name, base.span,
                         "`" + base.text + "` is a " + std::string(symbol->kind()) + ", not a workload");
        return false;
    }
    const bool circle =
        std::find(workloads_in_progress_.begin(), workloads_in_progress_.end(), symbol) != workloads_in_progress_.end();
    if (circle || workloads_in_progress_.size() >= max_workload_depth) {
        diagnostics_.add(Code::definition_cycle, symbol->span,
                         circle ? "`" + symbol->name + "` is defined by itself"
                                : "workloads build on each other over too many levels");
        return false;
    }
    workloads_in_progress_.push_back(symbol);
    const bool good = check_workload((*definition)->workload, *symbol->module, out);
    workloads_in_progress_.pop_back();
    out.work.name = symbol->name;
    return good;
}

void Checker::check_parameters(const ast::Workload& workload, const Module& module, plan::Work& out) {
    const plan::WorkType& type = *plan::find_work_type(out.work_type);
    std::set<std::string> given;
    for (const auto& argument : workload.arguments) {
        if (!argument.name) {
            diagnostics_.add(Code::wrong_arguments, argument.value.span, "parameters of a work type have names",
                             parameter_list(type) +
                                 (type.parameters.empty() ? "" : ", as in " + type.parameters[0].name + ": ..."));
            continue;
        }
        const std::string& name = argument.name->text;
        const auto parameter = std::find_if(type.parameters.begin(), type.parameters.end(),
                                            [&](const auto& candidate) { return candidate.name == name; });
        if (parameter == type.parameters.end()) {
            std::vector<std::string> known;
            for (const auto& candidate : type.parameters) known.push_back(candidate.name);
            const std::string close = suggest(name, known);
            diagnostics_.add(Code::unknown_parameter, argument.name->span,
                             "`" + type.name + "` has no parameter `" + name + "`",
                             close.empty() ? parameter_list(type) : close);
            continue;
        }
        if (!given.insert(name).second)
            diagnostics_.add(Code::wrong_arguments, argument.name->span, "`" + name + "` is given twice");
        const auto value = evaluator_.evaluate_integer(type_of(parameter->kind), argument.value, module,
                                                       parameter->minimum, parameter->maximum, name);
        if (value) out.parameters[name] = *value;
    }
}

void Checker::check_policy(const ast::Expression& policy, const Module& module, plan::Work& out) {
    static constexpr std::array<std::pair<std::string_view, plan::Policy>, 6> policies = {
        {{"normal", plan::Policy::normal},
         {"batch", plan::Policy::batch},
         {"idle", plan::Policy::idle},
         {"ext", plan::Policy::ext},
         {"fifo", plan::Policy::fifo},
         {"rr", plan::Policy::rr}}};
    const auto found =
        std::find_if(policies.begin(), policies.end(), [&](const auto& entry) { return entry.first == policy.text; });
    const bool word = policy.kind == ast::Expression::Kind::name || policy.kind == ast::Expression::Kind::call;
    if (!word || found == policies.end()) {
        std::vector<std::string> names;
        for (const auto& [name, value] : policies) names.emplace_back(name);
        const std::string close = word ? suggest(policy.text, names) : "";
        diagnostics_.add(Code::unknown_name, policy.span, "this is not a scheduling policy",
                         close.empty() ? "there are normal, batch, idle, ext, fifo(priority) and rr(priority)" : close);
        return;
    }
    out.policy = found->second;
    out.priority = 0;
    const bool realtime = out.policy == plan::Policy::fifo || out.policy == plan::Policy::rr;
    const bool has_priority = policy.arguments.size() == 1 && !policy.arguments[0].name;
    if (realtime != has_priority || (!realtime && policy.kind == ast::Expression::Kind::call)) {
        diagnostics_.add(Code::wrong_arguments, policy.span,
                         realtime ? "`" + policy.text + "` needs a priority"
                                  : "`" + policy.text + "` takes no priority",
                         realtime ? "write it as in " + policy.text + "(10), from 1 to 98" : "");
        return;
    }
    if (!realtime) return;
    const auto priority =
        evaluator_.evaluate_integer(Type::count, policy.arguments[0].value, module, 1, 98, "the priority");
    out.priority = static_cast<int>(priority.value_or(1));
}

} // namespace ktstr::check
