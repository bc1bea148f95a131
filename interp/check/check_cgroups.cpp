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

// A cgroup, or the local name of one: in `for c in ["hot", "cold"] { freeze c }` c stands for the text.
std::optional<model::Mention> Checker::cgroup_name(const ast::Name& name, const Module& module) {
    auto text = evaluator_.evaluate_name(name, module);
    if (!text) return std::nullopt;
    if (const Value* local = evaluator_.local(*text); local != nullptr && local->type == Type::string)
        text = local->text;
    if (*text == "host") {
        diagnostics_.add(Code::bad_cgroup_name, name.span, "a cgroup cannot be called `host`",
                         "`host` stands for the executor's own cgroup in: spawn N of ... in host");
        return std::nullopt;
    }
    if (is_cgroup_path(*text)) return model::Mention{std::move(*text), name.span};
    diagnostics_.add(Code::bad_cgroup_name, name.span, "this cannot be the name of a cgroup",
                     "letters, digits, _ and -, with / between parent and child");
    return std::nullopt;
}

std::vector<model::Op> Checker::check_statements(const std::vector<ast::Statement>& statements, const Module& module,
                                                 model::Step* step) {
    std::vector<model::Op> ops;
    const auto rehearse = [&](const ast::Statement& statement) {
        std::vector<model::Op> no_ops;
        model::Step no_step;
        check_statement(statement, module, no_ops, step == nullptr ? nullptr : &no_step);
    };
    each(statements, module,
         {[&](const ast::Statement& statement) { check_statement(statement, module, ops, step); }, rehearse});
    return ops;
}

void Checker::check_statement(const ast::Statement& statement, const Module& module, std::vector<model::Op>& out,
                              model::Step* step) {
    if (statement.kind == Kind::cgroup) return check_cgroup(statement, "", module, out);
    if (statement.kind != Kind::repeat) {
        out.push_back(check_op(statement, module));
        return;
    }
    if (step->every_ns != 0)
        diagnostics_.add(Code::duplicate_setting, statement.span, "`repeat` is given twice",
                         "one loop can hold all ops that repeat");
    const auto every = evaluator_.evaluate_integer(Type::duration, statement.part(Kind::every)->values.front(), module,
                                                   1'000'000, 86'400'000'000'000, "the interval");
    step->every_ns = static_cast<std::uint64_t>(every.value_or(1));
    step->loop = check_statements(statement.body, module, nullptr);
}

// A cgroup, then the cgroups in it.
void Checker::check_cgroup(const ast::Statement& cgroup, const std::string& parent, const Module& module,
                           std::vector<model::Op>& out) {
    const auto name = cgroup_name(cgroup.names.front(), module);
    const std::string own = name ? name->name : "?"; // reported
    const std::string path = parent.empty() ? own : parent + "/" + own;
    model::Op op;
    op.kind = Kind::cgroup;
    op.span = cgroup.span;
    if (path.find('?') == std::string::npos) op.cgroups = {{path, cgroup.names.front().span}};
    struct CgroupBody {
        model::Cgroup cgroup;
        Once once;
        std::set<std::string> labels{};
        std::vector<model::Op> children{};
    };
    const auto check = [&](const ast::Statement& part, CgroupBody& body) {
        if (part.kind == Kind::cgroup)
            check_cgroup(part, path, module, body.children);
        else if (part.kind == Kind::workers)
            body.cgroup.works.push_back(
                check_workers(part.values.front(), part.parts.front(), part.span, module, body.labels));
        else if (body.once.first(part))
            check_limit(part, module, body.cgroup);
    };
    CgroupBody body{{}, Once(diagnostics_)};
    body.cgroup.spec.name = path;
    each(cgroup.body, module,
         {[&](const ast::Statement& part) { check(part, body); },
          [&](const ast::Statement& part) {
              CgroupBody nothing{{}, Once(diagnostics_)};
              check(part, nothing);
          }});
    op.added = std::move(body.cgroup);
    out.push_back(std::move(op));
    std::move(body.children.begin(), body.children.end(), std::back_inserter(out));
}

void Checker::check_limit(const ast::Statement& setting, const Module& module, model::Cgroup& out) {
    const ast::Expression& value = setting.values.front();
    const auto number = [&](Type type, std::int64_t least, std::int64_t most, std::optional<std::uint64_t>& target) {
        const std::string name(setting.span.text().substr(0, setting.span.text().find_first_of(" \t\r\n")));
        if (const auto read = evaluator_.evaluate_integer(type, value, module, least, most, name))
            target = static_cast<std::uint64_t>(*read);
    };
    constexpr std::int64_t ms = 1'000'000;
    constexpr std::int64_t page = 4096;
    constexpr std::int64_t most_memory = 1LL << 50;
    plan::CgroupSpec& spec = out.spec;
    switch (setting.kind) {
    case Kind::cpuset: out.cpus = evaluator_.evaluate_set(value, module); break;
    case Kind::mems: out.mems = evaluator_.evaluate_nodes(value, module); break;
    case Kind::cpu_weight: number(Type::count, 1, 10'000, spec.cpu_weight); break;
    case Kind::io_weight: number(Type::count, 1, 10'000, spec.io_weight); break;
    case Kind::pids_max: number(Type::count, 1, 4'194'304, spec.pids_max); break; // PID_MAX_LIMIT
    case Kind::memory_max: number(Type::size, 1LL << 20, most_memory, spec.memory_max_bytes); break;
    case Kind::memory_high: number(Type::size, page, most_memory, spec.memory_high_bytes); break;
    case Kind::memory_low: number(Type::size, 0, most_memory, spec.memory_low_bytes); break;
    case Kind::memory_swap_max: number(Type::size, 0, most_memory, spec.memory_swap_max_bytes); break;
    case Kind::cpu_max: {
        // The kernel's bounds (kernel/sched/core.c): a period of 1 ms to 1 s, a quota of at least 1 ms.
        number(Type::duration, ms, 600'000 * ms, spec.cpu_max_quota_ns);
        if (setting.values.size() < 2) break;
        if (const auto period = evaluator_.evaluate_integer(Type::duration, setting.values[1], module, ms, 1'000 * ms,
                                                            "the period of cpu_max"))
            spec.cpu_max_period_ns = static_cast<std::uint64_t>(*period);
        break;
    }
    default: std::abort();
    }
}

} // namespace ktstr::check
