// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <cmath>

#include "interp/check/check.h"
#include "interp/check/settings.h"
#include "interp/diagnostics/suggest.h"

namespace ktstr::check {

using syntax::Kind;

namespace {

constexpr int max_workers = 10'000; // of one group
constexpr double max_worker_fraction = 100;
constexpr std::size_t max_workload_depth = 32;
constexpr std::size_t max_comm = 15; // TASK_COMM_LEN - 1

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

model::Work Checker::check_workers(const ast::Expression& count, const ast::Statement& workload, Span span,
                                   const Module& module, std::set<std::string>& labels) {
    model::Work out;
    out.span = span;
    out.work.source = position_of(span);
    check_count(count, module, out);
    const Span count_span = out.count.span;
    const model::WorkerCount counted = out.count;
    if (!check_workload(workload, module, out)) return out;
    if (out.work.threads && plan::find_work_type(out.work.work_type)->process_only)
        diagnostics_.add(Code::wrong_place, workload.span,
                         "workers of `" + out.work.work_type + "` cannot be threads of one process",
                         "each moves its whole process; leave out `threads` and `pcomm`");
    out.count = counted; // a named workload has none
    out.span = {count_span.file, count_span.begin, workload.span.end};
    out.work.source = position_of(span);
    const ast::Statement* label = workload.part(Kind::label);
    if (label == nullptr) {
        const std::string base = out.work.name;
        for (int i = 2; !labels.insert(out.work.name).second; ++i) out.work.name = base + "_" + std::to_string(i);
        return out;
    }
    const ast::Name& name = label->names.front();
    out.work.name = evaluator_.evaluate_name(name, module).value_or(out.work.name);
    if (!labels.insert(out.work.name).second)
        diagnostics_.add(Code::duplicate_name, name.span,
                         "two groups of workers of this cgroup are called `" + out.work.name + "`");
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

bool Checker::check_workload(const ast::Statement& workload, const Module& module, model::Work& out) {
    if (!check_base(workload.names.front(), module, out)) return false;
    check_parameters(workload.arguments, module, out.work);
    Once once(diagnostics_);
    for (const auto& attribute : workload.parts)
        if (once.first(attribute)) check_attribute(attribute, module, out);
    if (out.work.swappable && !environment_.work_type.empty()) {
        const plan::WorkType* type = plan::find_work_type(environment_.work_type);
        out.work.work_type = type->name;
        out.work.parameters = type->defaults();
    }
    return true;
}

// The work type with its defaults, or everything of a named workload.
bool Checker::check_base(const ast::Name& base, const Module& module, model::Work& out) {
    if (const Value* local = evaluator_.local(base.text); local != nullptr && local->type == Type::workload) {
        out = *local->work;
        return true;
    }
    if (const plan::WorkType* type = plan::find_work_type(base.text)) {
        out.work.name = type->name;
        out.work.work_type = type->name;
        out.work.parameters = type->defaults();
        return true;
    }
    const Symbol* symbol = names_.find(module, base.text, base.span);
    if (const Value* local = evaluator_.local(base.text); local != nullptr && symbol == nullptr) {
        if (local->type == Type::word) return false; // reported
        diagnostics_.add(Code::wrong_kind_of_name, base.span,
                         "`" + base.text + "` is " + describe(local->type) + " here, not a workload",
                         local->type == Type::string ? "work types stand without quotes: " + local->text : "");
        return false;
    }
    if (symbol == nullptr) {
        names_.report_unknown(module, base.text, base.span, "work type or workload", {"workload"}, work_type_names());
        return false;
    }
    if (symbol->statement->kind != Kind::work_declaration) {
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
    bool good = false;
    {
        const Evaluator::Outside outside(evaluator_);
        good = check_workload(symbol->statement->parts.front(), *symbol->module, out);
    }
    workloads_in_progress_.pop_back();
    out.work.name = symbol->name;
    return good;
}

// A workload as a value: request, or bursty(burst: 5ms).
std::optional<Value> Checker::workload_value(const ast::Expression& expression, const Module& module) {
    auto work = std::make_shared<model::Work>();
    if (!check_base({expression.text, expression.span}, module, *work)) return std::nullopt;
    check_parameters(expression.arguments, module, work->work);
    Value value{Type::workload};
    value.work = std::move(work);
    return value;
}

void Checker::check_parameters(const std::vector<ast::Argument>& arguments, const Module& module, plan::Work& out) {
    const plan::WorkType& type = *plan::find_work_type(out.work_type);
    std::set<std::string> given;
    for (const auto& argument : arguments) {
        if (!argument.name) {
            diagnostics_.add(Code::wrong_arguments, argument.value.span, "parameters of a work type have names",
                             parameter_list(type) +
                                 (type.parameters.empty() ? "" : ", as in " + type.parameters[0].name + ": ..."));
            continue;
        }
        const std::string& name = argument.name->text;
        const plan::WorkParameter* parameter = type.find(name);
        if (parameter == nullptr) {
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
        if (parameter->kind == plan::WorkParameter::Kind::program)
            check_program_parameter(*parameter, argument.value, module, out);
        else if (auto value = check_parameter(*parameter, argument.value, module))
            out.parameters[name] = std::move(*value);
    }
}

std::optional<plan::WorkParameterValue> Checker::check_parameter(const plan::WorkParameter& parameter,
                                                                 const ast::Expression& value, const Module& module) {
    using ParameterKind = plan::WorkParameter::Kind;
    const auto integer = [&](Type type) -> std::optional<plan::WorkParameterValue> {
        const auto number = evaluator_.evaluate_integer(type, value, module, std::llround(parameter.minimum),
                                                        std::llround(parameter.maximum), parameter.name);
        return number ? std::optional<plan::WorkParameterValue>(*number) : std::nullopt;
    };
    switch (parameter.kind) {
    case ParameterKind::duration: return integer(Type::duration);
    case ParameterKind::size: return integer(Type::size);
    case ParameterKind::count: return integer(Type::count);
    case ParameterKind::choice: {
        auto word = evaluator_.evaluate_word(value, module, parameter.choices,
                                             "one of the choices for `" + parameter.name + "`");
        return word ? std::optional<plan::WorkParameterValue>(std::move(*word)) : std::nullopt;
    }
    case ParameterKind::phases: return check_phases(parameter, value, module);
    default: break;
    }
    const Type type = parameter.kind == ParameterKind::percent ? Type::percent : Type::rate;
    const auto read = evaluator_.evaluate_as(type, value, module);
    if (!read || refused(parameter, read->number, value.span)) return std::nullopt;
    return read->number;
}

void Checker::check_program_parameter(const plan::WorkParameter& parameter, const ast::Expression& value,
                                      const Module& module, plan::Work& out) {
    const auto read = evaluator_.evaluate_as(Type::program, value, module);
    if (!read || refused(parameter, read->text, value.span)) return;
    out.parameters[parameter.name] = read->text;
    out.program_source = read->source;
}

bool Checker::refused(const plan::WorkParameter& parameter, const plan::WorkParameterValue& value, Span span) {
    const auto refusal = parameter.refusal(value);
    if (refusal) diagnostics_.add(Code::out_of_range, span, "`" + parameter.name + "` " + *refusal);
    return refusal.has_value();
}

// phases: [{spin: 2ms}, {sleep: 1ms}]
std::optional<plan::WorkParameterValue> Checker::check_phases(const plan::WorkParameter& parameter,
                                                              const ast::Expression& value, const Module& module) {
    const auto list = evaluator_.evaluate_as(Type::list, value, module);
    if (!list) return std::nullopt;
    std::vector<plan::WorkPhase> phases;
    for (const auto& item : list->items) {
        const bool phase = item.type == Type::record && item.items.size() == 1 && item.items[0].type == Type::duration;
        if (!phase) {
            diagnostics_.add(Code::type_mismatch, value.span, "a phase is a record of its kind and its duration",
                             "write it as in " + parameter.name + ": [{spin: 2ms}, {sleep: 1ms}]");
            return std::nullopt;
        }
        phases.push_back({item.names[0], static_cast<std::uint64_t>(item.items[0].integer)});
    }
    plan::WorkParameterValue result = std::move(phases);
    if (refused(parameter, result, value.span)) return std::nullopt;
    return result;
}

void Checker::check_attribute(const ast::Statement& attribute, const Module& module, model::Work& out) {
    plan::Work& work = out.work;
    const auto id = [&](const char* what) -> std::optional<std::uint32_t> {
        const auto value =
            evaluator_.evaluate_integer(Type::count, attribute.values.front(), module, 0, 4'294'967'294, what);
        return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
    };
    const auto comm = [&](std::string& target) {
        const ast::Expression& value = attribute.values.front();
        const auto text = evaluator_.evaluate_string(value, module);
        if (!text) return;
        target = *text;
        if (target.empty() || target.size() > max_comm)
            diagnostics_.add(Code::out_of_range, value.span,
                             "the name of a task has 1 to " + std::to_string(max_comm) + " bytes");
    };
    switch (attribute.kind) {
    case Kind::nice:
        work.nice = static_cast<int>(
            evaluator_.evaluate_integer(Type::count, attribute.values.front(), module, -20, 19, "nice").value_or(0));
        break;
    case Kind::policy: check_policy(attribute.values.front(), module, work); break;
    case Kind::affinity:
        if (auto affinity = check_affinity(attribute.values.front(), module)) out.affinity = std::move(*affinity);
        break;
    case Kind::memory_policy: out.memory_policy = check_memory_policy(attribute.values.front(), module); break;
    case Kind::comm: comm(work.comm); break;
    case Kind::pcomm:
        comm(work.pcomm);
        work.threads = true;
        break;
    case Kind::uid: work.uid = id("uid"); break;
    case Kind::gid: work.gid = id("gid"); break;
    case Kind::as_threads: work.threads = true; break;
    case Kind::swappable: work.swappable = true; break;
    default: break; // label
    }
}

const std::vector<std::string>& policy_names() {
    static const std::vector<std::string> names = {"normal", "batch", "idle", "ext", "fifo", "rr", "deadline"};
    return names;
}

void Checker::check_policy(const ast::Expression& policy, const Module& module, plan::Work& out) {
    static const std::vector<plan::Policy> policies = {plan::Policy::normal,  plan::Policy::batch, plan::Policy::idle,
                                                       plan::Policy::ext,     plan::Policy::fifo,  plan::Policy::rr,
                                                       plan::Policy::deadline};
    const auto word = evaluator_.evaluate_word(policy, module, policy_names(), "a scheduling policy");
    if (!word) return;
    const auto& names = policy_names();
    out.policy = policies[static_cast<std::size_t>(std::find(names.begin(), names.end(), *word) - names.begin())];
    out.priority = 0;
    out.deadline.reset();
    if (out.policy == plan::Policy::deadline) return check_deadline(policy, module, out);
    const bool realtime = out.policy == plan::Policy::fifo || out.policy == plan::Policy::rr;
    const bool has_priority = policy.arguments.size() == 1 && !policy.arguments[0].name;
    if (realtime != has_priority || (!realtime && policy.kind == Kind::call)) {
        diagnostics_.add(Code::wrong_arguments, policy.span,
                         realtime ? "`" + *word + "` needs a priority" : "`" + *word + "` takes no priority",
                         realtime ? "write it as in policy " + *word + "(10)" : "");
        return;
    }
    if (!realtime) return;
    // 99 is the executor's own, so that it can stop the workers.
    if (const auto priority =
            evaluator_.evaluate_integer(Type::count, policy.arguments[0].value, module, 1, 98, "the priority"))
        out.priority = static_cast<int>(*priority);
}

// deadline(runtime: 2ms, deadline: 5ms, period: 10ms); the kernel's bounds (kernel/sched/deadline.c,
// __checkparam_dl): runtime of at least 1024 ns, runtime <= deadline <= period, below 2^63.
void Checker::check_deadline(const ast::Expression& policy, const Module& module, plan::Work& out) {
    plan::Deadline deadline;
    constexpr std::int64_t longest = 4'000'000'000; // sched_deadline_period_max_us is 2^22 us
    std::set<std::string> given;
    for (const auto& argument : policy.arguments) {
        const std::string name = argument.name ? argument.name->text : "";
        std::uint64_t* target = name == "runtime"    ? &deadline.runtime_ns
                                : name == "deadline" ? &deadline.deadline_ns
                                : name == "period"   ? &deadline.period_ns
                                                     : nullptr;
        if (target == nullptr || !given.insert(name).second) {
            diagnostics_.add(Code::wrong_arguments, argument.value.span, "`deadline` does not take this argument",
                             "write it as in policy deadline(runtime: 2ms, deadline: 5ms, period: 10ms)");
            return;
        }
        *target = static_cast<std::uint64_t>(
            evaluator_.evaluate_integer(Type::duration, argument.value, module, 1024, longest, name).value_or(1024));
    }
    if (given.count("runtime") == 0 || given.count("period") == 0) {
        diagnostics_.add(Code::wrong_arguments, policy.span, "`deadline` needs a runtime and a period",
                         "write it as in policy deadline(runtime: 2ms, deadline: 5ms, period: 10ms)");
        return;
    }
    if (given.count("deadline") == 0) deadline.deadline_ns = deadline.period_ns;
    if (deadline.runtime_ns > deadline.deadline_ns || deadline.deadline_ns > deadline.period_ns)
        diagnostics_.add(Code::out_of_range, policy.span, "runtime <= deadline <= period does not hold");
    out.deadline = deadline;
}

// local, bind(0-1), interleave(all, flags: [static])
std::optional<model::MemoryPolicy> Checker::check_memory_policy(const ast::Expression& policy, const Module& module) {
    using Mode = plan::MemoryPolicy::Mode;
    static const std::vector<std::string> names = {"default",   "local",      "bind",
                                                   "preferred", "interleave", "weighted_interleave"};
    static const std::vector<Mode> modes = {Mode::standard,  Mode::local,      Mode::bind,
                                            Mode::preferred, Mode::interleave, Mode::weighted_interleave};
    const auto word = evaluator_.evaluate_word(policy, module, names, "a memory policy");
    if (!word) return std::nullopt;
    model::MemoryPolicy out;
    out.span = policy.span;
    out.policy.mode = modes[static_cast<std::size_t>(std::find(names.begin(), names.end(), *word) - names.begin())];
    const bool takes_nodes = out.policy.mode != Mode::standard && out.policy.mode != Mode::local;
    for (const auto& argument : policy.arguments) {
        if (!argument.name && takes_nodes && !out.nodes) {
            out.nodes = evaluator_.evaluate_nodes(argument.value, module);
            if (!out.nodes) return std::nullopt;
            continue;
        }
        if (!argument.name || argument.name->text != "flags" || argument.value.kind != Kind::list) {
            diagnostics_.add(Code::wrong_arguments, argument.value.span, "`" + *word + "` does not take this argument",
                             takes_nodes ? "write it as in " + *word + "(0-1, flags: [static])" : "it takes none");
            return std::nullopt;
        }
        for (const auto& flag : argument.value.operands) {
            const auto name = evaluator_.evaluate_word(flag, module, {"static", "relative", "balancing"},
                                                       "a flag of memory policies");
            if (!name) return std::nullopt;
            (*name == "static"     ? out.policy.static_nodes
             : *name == "relative" ? out.policy.relative_nodes
                                   : out.policy.numa_balancing) = true;
        }
    }
    if (takes_nodes && !out.nodes) {
        diagnostics_.add(Code::wrong_arguments, policy.span, "`" + *word + "` needs NUMA nodes",
                         "write it as in " + *word + "(0-1)");
        return std::nullopt;
    }
    if (out.policy.static_nodes && out.policy.relative_nodes)
        diagnostics_.add(Code::wrong_arguments, policy.span, "`static` and `relative` exclude each other");
    return out;
}

} // namespace ktstr::check
