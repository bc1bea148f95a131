// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <array>

#include "interp/check/check.h"
#include "interp/check/settings.h"
#include "interp/diagnostics/suggest.h"

namespace ktstr::check {

using syntax::Kind;

namespace {

constexpr std::int64_t most_fires = 100'000;
constexpr std::int64_t longest_interval_ns = 86'400'000'000'000;
constexpr std::int64_t longest_wait_ns = 86'400'000'000'000;

// A kernel symbol, a map or a path of members: letters, digits, _, . and [n].
bool is_kernel_name(std::string_view name) {
    return !name.empty() && name.size() <= 200 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '[' || c == ']';
    });
}

} // namespace

model::Op Checker::check_op(const ast::Statement& op, const Module& module) {
    model::Op out;
    out.kind = op.kind;
    out.span = op.span;
    out.if_present = op.has(Kind::if_present);
    switch (op.kind) {
    case Kind::run_payload:
    case Kind::wait_payload:
    case Kind::kill_payload: check_payload_op(op, module, out); return out;
    case Kind::watch: check_watch(op, module, out); return out;
    case Kind::read_kernel:
    case Kind::write_kernel: check_kernel_op(op, module, out); return out;
    case Kind::attach_scheduler:
        out.action = plan::AttachScheduler{};
        if (!op.names.empty() && (out.scheduler = stage_scheduler(op.names.front(), module)))
            out.action = plan::AttachScheduler{out.scheduler->name};
        return out;
    case Kind::replace_scheduler:
        out.scheduler = stage_scheduler(op.names.front(), module);
        out.action = plan::ReplaceScheduler{out.scheduler ? out.scheduler->name : "?"};
        return out;
    case Kind::detach_scheduler: out.action = plan::DetachScheduler{}; return out;
    case Kind::restart_scheduler: out.action = plan::RestartScheduler{}; return out;
    case Kind::snapshot:
        out.action = plan::CaptureSnapshot{evaluator_.evaluate_name(op.names.front(), module).value_or("?")};
        return out;
    case Kind::ctprof:
        out.action = plan::CaptureCtprof{evaluator_.evaluate_name(op.names.front(), module).value_or("?")};
        return out;
    case Kind::pin_map:
        out.action = plan::PinBpfMap{evaluator_.evaluate_name(op.names.front(), module).value_or("?")};
        return out;
    case Kind::write_bpf: {
        const auto value = evaluator_.evaluate(op.values.front(), module);
        if (value && !is_integral(value->type) && value->type != Type::boolean)
            diagnostics_.add(Code::type_mismatch, op.values.front().span,
                             "expected a count, a duration, a size or true or false, found " + describe(value->type));
        out.action = plan::WriteBpf{op.names.front().text, value ? value->integer : 0};
        return out;
    }
    default: break;
    }
    for (const auto& name : op.names)
        if (auto cgroup = cgroup_name(name, module)) out.cgroups.push_back(std::move(*cgroup));
    if (const auto* place = op.part(Kind::in_cgroup))
        if (auto cgroup = cgroup_name(place->names.front(), module)) out.cgroups.push_back(std::move(*cgroup));
    if (const auto* mems = op.part(Kind::mems)) out.mems = evaluator_.evaluate_nodes(mems->values.front(), module);
    const std::string first = out.cgroups.empty() ? "?" : out.cgroups.front().name;
    switch (op.kind) {
    case Kind::add_cgroup:
        out.added.emplace();
        out.added->spec.name = first;
        break;
    case Kind::set_cpuset: out.set = evaluator_.evaluate_set(op.values.front(), module); break;
    case Kind::set_affinity: out.affinity = check_affinity(op.values.front(), module); break;
    case Kind::spawn: {
        std::set<std::string> labels; // what else lives in the cgroup is known to the lifetimes pass
        out.work = check_workers(op.values.front(), op.parts.front(), op.span, module, labels);
        break;
    }
    case Kind::capture_procs: {
        const auto tag = evaluator_.evaluate_name(op.part(Kind::alias)->names.front(), module);
        out.action = plan::CaptureCgroupProcs{first, tag.value_or("?")};
        break;
    }
    default: break;
    }
    return out;
}

void Checker::check_payload_op(const ast::Statement& op, const Module& module, model::Op& out) {
    out.payload = stage_payload(op.names.front(), module);
    const std::string payload = out.payload ? out.payload->name : "?";
    std::string cgroup;
    if (const auto* place = op.part(Kind::in_cgroup))
        if (auto name = cgroup_name(place->names.front(), module)) {
            cgroup = name->name;
            out.cgroups.push_back(std::move(*name));
        }
    if (op.kind == Kind::wait_payload) {
        plan::WaitPayload wait{.payload = payload, .cgroup = cgroup};
        if (const auto* limit = op.part(Kind::at_most))
            wait.limit_ns =
                static_cast<std::uint64_t>(evaluator_
                                               .evaluate_integer(Type::duration, limit->values.front(), module,
                                                                 1'000'000, longest_wait_ns, "at_most")
                                               .value_or(1'000'000));
        out.action = std::move(wait);
    }
    if (op.kind == Kind::kill_payload) out.action = plan::KillPayload{payload, cgroup};
    if (op.kind != Kind::run_payload) return;
    plan::RunPayload run{payload, cgroup, {}};
    if (const auto* args = op.part(Kind::args))
        run.args = evaluator_.evaluate_strings(args->values.front(), module).value_or(std::vector<std::string>{});
    out.action = std::move(run);
}

// watch jiffies as ticks at_most 16 times every 10ms
void Checker::check_watch(const ast::Statement& op, const Module& module, model::Op& out) {
    plan::WatchSnapshot watch;
    if (auto target = check_target(op.values.front(), module)) watch.target = std::move(*target);
    if (watch.target.kind == plan::KernelTarget::Kind::task)
        diagnostics_.add(Code::wrong_arguments, op.values.front().span,
                         "a task's fields move: watch a symbol, a per_cpu variable or a bpf global");
    watch.name = watch.target.symbol;
    Once once(diagnostics_);
    for (const auto& part : op.parts) {
        if (!once.first(part)) continue;
        if (part.kind == Kind::alias)
            watch.name = evaluator_.evaluate_name(part.names.front(), module).value_or("?");
        else if (part.kind == Kind::at_most)
            watch.max_fires = static_cast<std::uint64_t>(
                evaluator_.evaluate_integer(Type::count, part.values.front(), module, 1, most_fires, "at_most")
                    .value_or(1));
        else
            watch.min_interval_ns = static_cast<std::uint64_t>(
                evaluator_
                    .evaluate_integer(Type::duration, part.values.front(), module, 0, longest_interval_ns, "every")
                    .value_or(0));
    }
    out.action = std::move(watch);
}

void Checker::check_kernel_op(const ast::Statement& op, const Module& module, model::Op& out) {
    const auto target = check_target(op.values.front(), module).value_or(plan::KernelTarget{});
    const bool cold = op.has(Kind::cold);
    if (op.kind == Kind::read_kernel) {
        const auto name = evaluator_.evaluate_name(op.part(Kind::alias)->names.front(), module);
        out.action = plan::ReadKernel{name.value_or("?"), target, cold};
        return;
    }
    const auto value = evaluator_.evaluate_as(Type::count, op.values.back(), module);
    out.action = plan::WriteKernel{target, value ? value->integer : 0, cold};
}

// jiffies, symbol("jiffies", offset: 8, bytes: 4), address(0xffff...), per_cpu("runqueues", cpu: 0, field:
// "nr_running"), task("hot", work: "hogs", field: "se.vruntime"), bpf("slice_ns")
std::optional<plan::KernelTarget> Checker::check_target(const ast::Expression& target, const Module& module) {
    using TargetKind = plan::KernelTarget::Kind;
    plan::KernelTarget out;
    if (target.kind == Kind::value && evaluator_.local(target.text) == nullptr) {
        out.symbol = target.text;
        return out;
    }
    static const std::map<std::string, std::pair<TargetKind, std::vector<std::string>>> kinds = {
        {"symbol", {TargetKind::symbol, {"symbol", "field", "offset", "bytes"}}},
        {"address", {TargetKind::address, {"address", "offset", "bytes"}}},
        {"per_cpu", {TargetKind::per_cpu, {"symbol", "cpu", "field"}}},
        {"task", {TargetKind::task, {"cgroup", "work", "field"}}},
        {"bpf", {TargetKind::bpf, {"variable"}}}};
    const auto kind = kinds.find(target.text);
    const auto wrong = [&](Span span, const std::string& message) {
        diagnostics_.add(
            Code::wrong_arguments, span, message,
            "write it as in: jiffies, symbol(\"jiffies\"), address(0xffffffff82000000), "
            "per_cpu(\"runqueues\", cpu: 0, field: \"nr_running\"), task(\"hot\", field: \"se.vruntime\") or "
            "bpf(\"slice_ns\")");
        return std::nullopt;
    };
    if (target.kind != Kind::call || kind == kinds.end())
        return wrong(target.span, "this is no place in the kernel's memory");
    out.kind = kind->second.first;
    const auto& known = kind->second.second;
    std::set<std::string> given;
    for (std::size_t i = 0; i < target.arguments.size(); ++i) {
        const auto& argument = target.arguments[i];
        const std::string name = argument.name ? argument.name->text : i == 0 ? known[0] : "";
        if (std::find(known.begin(), known.end(), name) == known.end() || !given.insert(name).second)
            return wrong(argument.value.span, "`" + target.text + "` does not take this argument");
        const auto number = [&](std::int64_t least, std::int64_t most) {
            return evaluator_.evaluate_integer(Type::count, argument.value, module, least, most, name).value_or(least);
        };
        if (name == "cpu")
            out.cpu = static_cast<int>(number(0, plan::max_cpus - 1));
        else if (name == "offset")
            out.offset = static_cast<std::uint64_t>(number(0, 1LL << 30));
        else if (name == "bytes")
            out.bytes = static_cast<int>(number(1, 8));
        else if (name == "address")
            out.address = static_cast<std::uint64_t>(number(INT64_MIN, INT64_MAX));
        else if (const auto text = evaluator_.evaluate_string(argument.value, module)) {
            const bool kernel_name = name == "symbol" || name == "field" || name == "variable";
            if (kernel_name && !is_kernel_name(*text))
                return wrong(argument.value.span, "this is not the name of a " + name);
            (name == "symbol" || name == "variable" ? out.symbol
             : name == "field"                      ? out.field
             : name == "work"                       ? out.work
                                                    : out.cgroup) = *text;
        }
    }
    if (out.bytes != 1 && out.bytes != 2 && out.bytes != 4 && out.bytes != 8)
        return wrong(target.span, "`bytes` is 1, 2, 4 or 8");
    const bool needs_field = out.kind == TargetKind::task;
    if (given.count(known[0]) == 0 || (needs_field && out.field.empty()))
        return wrong(target.span, "`" + target.text + "` needs more arguments");
    return out;
}

// inherit, a CPU set, single(set), random(n), llc_aligned, cross_cgroup, smt_siblings
std::optional<model::Affinity> Checker::check_affinity(const ast::Expression& affinity, const Module& module) {
    using AffinityKind = plan::Affinity::Kind;
    static const std::map<std::string, AffinityKind> words = {{"inherit", AffinityKind::inherit},
                                                              {"llc_aligned", AffinityKind::llc_aligned},
                                                              {"cross_cgroup", AffinityKind::cross_cgroup},
                                                              {"smt_siblings", AffinityKind::smt_siblings}};
    model::Affinity out;
    out.span = affinity.span;
    const auto word = affinity.kind == Kind::value ? words.find(affinity.text) : words.end();
    if (word != words.end() && evaluator_.local(affinity.text) == nullptr) {
        out.kind = word->second;
        return out;
    }
    const bool bare = affinity.kind == Kind::value && evaluator_.local(affinity.text) == nullptr;
    const bool named = affinity.kind == Kind::call || bare;
    const bool single = named && affinity.text == "single";
    const bool random = named && affinity.text == "random";
    if (single || random) {
        if (affinity.arguments.size() != 1 || affinity.arguments.front().name) {
            diagnostics_.add(Code::wrong_arguments, affinity.span, "`" + affinity.text + "` takes one value",
                             single ? "write it as in single(0-3)" : "write it as in random(2)");
            return std::nullopt;
        }
        out.kind = single ? AffinityKind::single : AffinityKind::random;
        const ast::Expression& argument = affinity.arguments.front().value;
        if (single) {
            out.set = evaluator_.evaluate_set(argument, module);
            return out.set ? std::optional(out) : std::nullopt;
        }
        const auto count =
            evaluator_.evaluate_integer(Type::count, argument, module, 1, plan::max_cpus, "the number of CPUs");
        out.count = static_cast<int>(count.value_or(1));
        return out;
    }
    std::vector<std::string> known = {"all", "usable", "single", "random"};
    for (const auto& [text, kind] : words) known.push_back(text);
    if (bare && affinity.text != "all" && affinity.text != "usable" &&
        names_.find(module, affinity.text, affinity.span) == nullptr) {
        names_.report_unknown(module, affinity.text, affinity.span, "affinity", {"value", "parameter"}, known);
        return std::nullopt;
    }
    out.kind = AffinityKind::exact;
    out.set = evaluator_.evaluate_set(affinity, module);
    return out.set ? std::optional(out) : std::nullopt;
}

} // namespace ktstr::check
