// SPDX-License-Identifier: GPL-2.0-only
// Terms that are read by a path out of what was observed: bpf.stats.local[3].sum, snapshot(before).nr_queued.
#include <algorithm>
#include <array>

#include "interp/check/check.h"
#include "interp/diagnostics/suggest.h"
#include "interp/plan/monitor.h"

namespace ktstr::check {

using syntax::Kind;
using FormulaKind = plan::Formula::Kind;

const ast::Expression& Checker::root_of(const ast::Expression& expression) {
    const bool path = expression.kind == Kind::member || expression.kind == Kind::index;
    return path ? root_of(expression.operands.front()) : expression;
}

// bpf and bpf.nr_dispatched, unless a value has this name.
bool Checker::is_series_source(const std::string& name) const {
    constexpr std::array<std::string_view, 4> sources = {"bpf", "stats", "monitor", "host"};
    const std::string first = name.substr(0, name.find('.'));
    return std::find(sources.begin(), sources.end(), first) != sources.end() && evaluator_.local(first) == nullptr;
}

// ".local[3].sum" of stats.local[3].sum, with every index carried out. None: one of them is no count.
std::optional<std::string> Checker::path_below(const ast::Expression& expression, const Module& module) {
    if (expression.kind != Kind::member && expression.kind != Kind::index) return "";
    auto path = path_below(expression.operands.front(), module);
    if (!path) return std::nullopt;
    for (const auto& name : expression.names) *path += "." + name.text;
    if (expression.kind == Kind::member) return path;
    constexpr std::int64_t most = 1'000'000;
    const auto index = evaluator_.evaluate_integer(Type::count, expression.operands[1], module, 0, most, "the index");
    if (!index) return std::nullopt;
    return *path + "[" + std::to_string(*index) + "]";
}

bool Checker::check_monitor_value(const std::string& name, Span span) {
    if (plan::find_monitor_value(name) != nullptr) return true;
    std::vector<std::string> known;
    for (const auto* values : {&plan::monitor_values(), &plan::cpu_values(), &plan::program_values()})
        for (const auto& value : *values) known.emplace_back(value.name);
    const std::string close = suggest(name, known);
    diagnostics_.add(Code::unknown_name, span, "the monitor has no value `" + name + "`",
                     close.empty() ? "`ktstr list monitor` prints all of them" : close);
    return false;
}

// NAME or cpu[N].NAME
bool Checker::check_cpu_time(const std::string& path, Span span) {
    const std::size_t after = path.starts_with("cpu[") ? path.find(']') : std::string::npos;
    const bool of_one = after != std::string::npos && path.compare(after, 2, "].") == 0;
    const std::string name = of_one ? path.substr(after + 2) : path;
    const std::vector<std::string> known(plan::cpu_time_names.begin(), plan::cpu_time_names.end());
    if (std::find(known.begin(), known.end(), name) != known.end()) return true;
    std::string all;
    for (const auto& one : known) all += (all.empty() ? "" : ", ") + one;
    const std::string close = suggest(name, known);
    diagnostics_.add(Code::unknown_name, span, "the machine's CPUs have no time `" + name + "`",
                     close.empty() ? "there are, in host.NAME and host.cpu[0].NAME: " + all : close);
    return false;
}

std::optional<Checker::Term> Checker::term_of_series(const std::string& name, Span span, model::Expectation& out) {
    const std::size_t end = name.find_first_of(".[");
    Term result{{}, std::nullopt, true};
    result.formula.kind = FormulaKind::series;
    result.formula.source = name.substr(0, end);
    result.formula.path = name.substr(std::min(end + 1, name.size()));
    if (result.formula.source == "monitor" && !check_monitor_value(result.formula.path, span)) return std::nullopt;
    if (result.formula.source == "host" && !check_cpu_time(result.formula.path, span)) return std::nullopt;
    out.series.push_back({name, span});
    return result;
}

std::optional<Checker::Term> Checker::term_of_snapshot(const ast::Expression& expression, const Module& module,
                                                       model::Expectation& out) {
    const ast::Expression& call = root_of(expression);
    if (call.arguments.size() != 1) {
        diagnostics_.add(Code::wrong_arguments, call.span, "`snapshot` takes one name",
                         "write it as in snapshot(before).nr_queued");
        return std::nullopt;
    }
    const ast::Expression& argument = call.arguments[0].value;
    const auto name =
        argument.kind == Kind::value ? std::optional(argument.text) : evaluator_.evaluate_string(argument, module);
    const auto path = path_below(expression, module);
    if (!name || !path) return std::nullopt;
    Term result{{}, std::nullopt, false};
    result.formula.kind = FormulaKind::snapshot;
    result.formula.subject = *name;
    result.formula.path = path->substr(path->starts_with('.') ? 1 : 0);
    out.snapshots.push_back({*name, argument.span});
    return result;
}

} // namespace ktstr::check
