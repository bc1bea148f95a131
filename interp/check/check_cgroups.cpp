// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include "interp/check/check.h"
#include "interp/check/settings.h"

namespace ktstr::check {

using syntax::Kind;

namespace {

constexpr std::size_t max_cgroup_name = 200;

bool is_name_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

// Parts of letters, digits, _ and -, with single slashes between them: no dot, so no clash with a control file.
bool is_cgroup_path(std::string_view path) {
    if (path.empty() || path.size() > max_cgroup_name) return false;
    char before = '/';
    for (const char c : path) {
        if (c == '/' ? before == '/' : !is_name_letter(c)) return false;
        before = c;
    }
    return before != '/';
}

} // namespace

bool Checker::check_cgroup_name(const ast::Name& name) {
    if (name.text == "host") {
        diagnostics_.add(Code::bad_cgroup_name, name.span, "a cgroup cannot be called `host`",
                         "`host` stands for the executor's own cgroup in: spawn N of ... in host");
        return false;
    }
    if (is_cgroup_path(name.text)) return true;
    diagnostics_.add(Code::bad_cgroup_name, name.span, "this cannot be the name of a cgroup",
                     "letters, digits, _ and -, with / between parent and child");
    return false;
}

std::vector<model::Op> Checker::check_statements(const std::vector<ast::Statement>& statements, const Module& module) {
    std::vector<model::Op> ops;
    for (const auto& statement : statements) {
        if (const auto* cgroup = std::get_if<ast::Cgroup>(&statement))
            check_cgroup(*cgroup, "", module, ops);
        else
            ops.push_back(check_op(std::get<ast::Op>(statement), module));
    }
    return ops;
}

// A cgroup, then the cgroups in it.
void Checker::check_cgroup(const ast::Cgroup& cgroup, const std::string& parent, const Module& module,
                           std::vector<model::Op>& out) {
    check_cgroup_name(cgroup.path);
    const std::string path = parent.empty() ? cgroup.path.text : parent + "/" + cgroup.path.text;
    model::Op op{Kind::cgroup, cgroup.span, {{path, cgroup.path.span}}, model::Cgroup{}, {}, {}, {}, false};
    op.added->spec.name = path;
    check_limits(cgroup, module, *op.added);
    std::set<std::string> labels;
    for (const auto& workers : cgroup.workers) op.added->works.push_back(check_workers(workers, module, labels));
    out.push_back(std::move(op));
    for (const auto& child : cgroup.children) check_cgroup(child, path, module, out);
}

void Checker::check_limits(const ast::Cgroup& cgroup, const Module& module, model::Cgroup& out) {
    const Settings settings(cgroup.settings, diagnostics_);
    if (const auto* cpus = settings.value(Kind::cpuset)) out.cpus = evaluator_.evaluate_set(*cpus, module);
    if (const auto* mems = settings.value(Kind::mems)) out.mems = evaluator_.evaluate_nodes(*mems, module);
    if (const auto* weight = settings.value(Kind::cpu_weight))
        if (const auto value = evaluator_.evaluate_integer(Type::count, *weight, module, 1, 10'000, "cpu_weight"))
            out.spec.cpu_weight = static_cast<std::uint64_t>(*value);
    if (const auto* memory = settings.value(Kind::memory_max))
        if (const auto value =
                evaluator_.evaluate_integer(Type::size, *memory, module, 1LL << 20, 1LL << 50, "memory_max"))
            out.spec.memory_max_bytes = static_cast<std::uint64_t>(*value);
    if (const auto* cpu_max = settings.find(Kind::cpu_max)) check_cpu_max(*cpu_max, module, out.spec);
}

// The kernel's bounds (kernel/sched/core.c): a period of 1 ms to 1 s, a quota of at least 1 ms.
void Checker::check_cpu_max(const ast::Setting& setting, const Module& module, plan::CgroupSpec& spec) {
    constexpr std::int64_t ms = 1'000'000;
    if (const auto quota = evaluator_.evaluate_integer(Type::duration, setting.values[0], module, ms, 600'000 * ms,
                                                       "the quota of cpu_max"))
        spec.cpu_max_quota_ns = static_cast<std::uint64_t>(*quota);
    if (setting.values.size() < 2) return;
    if (const auto period = evaluator_.evaluate_integer(Type::duration, setting.values[1], module, ms, 1'000 * ms,
                                                        "the period of cpu_max"))
        spec.cpu_max_period_ns = static_cast<std::uint64_t>(*period);
}

model::Op Checker::check_op(const ast::Op& op, const Module& module) {
    model::Op out{op.kind, op.span, {}, {}, {}, {}, {}, op.if_present};
    for (const auto& name : op.cgroups)
        if (check_cgroup_name(name)) out.cgroups.push_back({name.text, name.span});
    if (op.set) {
        const bool inherit =
            op.kind == Kind::set_affinity && op.set->kind == ast::Expression::Kind::name && op.set->text == "inherit";
        if (!inherit) out.set = evaluator_.evaluate_set(*op.set, module);
    }
    if (op.mems) out.mems = evaluator_.evaluate_nodes(op.mems->values.front(), module);
    if (op.workers) {
        std::set<std::string> labels; // what else lives in the cgroup is known to the lifetimes pass
        out.work = check_workers(*op.workers, module, labels);
    }
    return out;
}

} // namespace ktstr::check
