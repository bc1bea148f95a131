// SPDX-License-Identifier: GPL-2.0-only
// gauntlet "ci" { ... }: scenarios over topologies, flags, kernels, seeds and work types.
#include <algorithm>

#include "interp/check/check.h"
#include "interp/check/settings.h"
#include "interp/diagnostics/suggest.h"

namespace ktstr::check {

using syntax::Kind;

namespace {

constexpr std::size_t max_flags_of_powerset = 10;
constexpr std::size_t max_runs = 100'000;

// Every combination in which what a flag requires is on too, the fewest flags first.
std::vector<std::vector<std::string>> powerset(const std::vector<model::Scheduler::Flag>& flags) {
    std::vector<std::vector<std::string>> sets;
    for (std::size_t bits = 0; bits < (std::size_t{1} << flags.size()); ++bits) {
        std::vector<std::string> on;
        for (std::size_t i = 0; i < flags.size(); ++i)
            if ((bits >> i & 1U) != 0) on.push_back(flags[i].name);
        const auto is_on = [&](const std::string& name) { return std::find(on.begin(), on.end(), name) != on.end(); };
        const bool complete = std::all_of(flags.begin(), flags.end(), [&](const auto& flag) {
            return !is_on(flag.name) || std::all_of(flag.required.begin(), flag.required.end(), is_on);
        });
        if (complete) sets.push_back(std::move(on));
    }
    std::stable_sort(sets.begin(), sets.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
    return sets;
}

} // namespace

std::vector<Gauntlet> Checker::check_gauntlets(const Module& module) {
    std::vector<Gauntlet> gauntlets;
    std::vector<std::string> scenarios;
    for (const auto& statement : module.file)
        if (statement.kind == Kind::scenario_declaration) scenarios.push_back(statement.names.front().text);
    for (const auto& statement : module.file)
        if (statement.kind == Kind::gauntlet && !evaluator_.exhausted())
            gauntlets.push_back(check_gauntlet(statement, scenarios, module));
    return gauntlets;
}

Gauntlet Checker::check_gauntlet(const ast::Statement& statement, const std::vector<std::string>& scenarios,
                                 const Module& module) {
    Gauntlet out;
    out.name = statement.names.front().text;
    out.span = statement.span;
    Once once(diagnostics_);
    const auto items = [&](const ast::Statement& setting, Type type) {
        const ast::Expression& value = setting.values.front();
        const auto read = evaluator_.evaluate(value, module); // one value alone is a list of it
        if (!read) return std::vector<Value>{};
        const bool several = read->type == Type::list || read->type == Type::range;
        auto list = several ? evaluator_.evaluate_items(value, module).value_or(std::vector<Value>{})
                            : std::vector<Value>{*read};
        for (const auto& item : list)
            if (item.type != type) {
                diagnostics_.add(Code::type_mismatch, value.span,
                                 "expected " + describe(type) + " or a list of them, found " + describe(item.type) +
                                     (several ? " in the list" : ""),
                                 how_to_write(type));
                return std::vector<Value>{};
            }
        return list;
    };
    for (const auto& setting : statement.body) {
        if (!once.first(setting)) continue;
        const Span span = setting.values.empty() ? setting.span : setting.values.front().span;
        switch (setting.kind) {
        case Kind::scenarios:
            out.all_scenarios = setting.has(Kind::all_scenarios);
            if (out.all_scenarios) break;
            for (const auto& item : items(setting, Type::string)) {
                out.scenarios.push_back(item.text);
                if (!evaluator_.spend(1 + scenarios.size() / 64, span)) break;
                if (std::find(scenarios.begin(), scenarios.end(), item.text) == scenarios.end())
                    diagnostics_.add(Code::unknown_name, span,
                                     "there is no scenario \"" + item.text + "\" in this file",
                                     suggest(item.text, scenarios));
            }
            break;
        case Kind::topologies:
            for (auto& item : items(setting, Type::topology)) out.topologies.push_back(std::move(item.topology));
            break;
        case Kind::kernels:
            for (const auto& item : items(setting, Type::string)) out.kernels.push_back(item.text);
            break;
        case Kind::seeds:
            for (const auto& item : items(setting, Type::count)) {
                if (item.integer < 0) diagnostics_.add(Code::out_of_range, span, "a seed is not negative");
                out.seeds.push_back(static_cast<std::uint64_t>(item.integer));
            }
            break;
        case Kind::work_types:
            for (const auto& item : items(setting, Type::workload)) out.work_types.push_back(item.work->work.work_type);
            break;
        case Kind::budget:
            if (const auto budget = evaluator_.evaluate_integer(Type::duration, setting.values.front(), module,
                                                                1'000'000'000, 604'800'000'000'000, "the budget"))
                out.budget_ns = static_cast<std::uint64_t>(*budget);
            break;
        case Kind::flags: out.flags = gauntlet_flags(setting, module); break;
        default: break;
        }
    }
    check_runs(out);
    return out;
}

// Of all schedulers that the file can name.
std::vector<std::string> Checker::known_flags(const Module& module) {
    std::vector<std::string> known;
    const auto collect = [&](const Module& from) {
        for (const auto& [name, symbol] : from.symbols)
            if (symbol.statement->kind == Kind::scheduler_declaration)
                for (const auto& flag : check_scheduler(symbol).flags) known.push_back(flag.name);
    };
    collect(module);
    for (const auto& import : module.imports)
        if (import.module != nullptr) collect(*import.module);
    return known;
}

// Every combination is a run.
void Checker::check_runs(const Gauntlet& gauntlet) {
    std::size_t runs = 1;
    for (const std::size_t count : {gauntlet.kernels.size(), gauntlet.topologies.size(), gauntlet.flags.size(),
                                    gauntlet.work_types.size(), gauntlet.seeds.size()}) {
        runs *= std::max<std::size_t>(1, count);
        if (runs <= max_runs) continue;
        diagnostics_.add(Code::too_much, gauntlet.span,
                         "the gauntlet has more than " + std::to_string(max_runs) + " runs of each scenario",
                         "what it goes over multiplies");
        return;
    }
    (void)evaluator_.spend(8 * runs, gauntlet.span);
}

// flags powerset of mitosis, or: flags [[], [llc], [llc, steal]]
std::vector<std::vector<std::string>> Checker::gauntlet_flags(const ast::Statement& setting, const Module& module) {
    if (const auto* all = setting.part(Kind::powerset)) {
        const Symbol* symbol = find_scheduler(all->names.front(), module);
        if (symbol == nullptr) return {};
        const auto& flags = check_scheduler(*symbol).flags;
        if (flags.size() > max_flags_of_powerset) {
            diagnostics_.add(Code::too_much, setting.span,
                             "the scheduler has " + std::to_string(flags.size()) + " flags, a powerset takes at most " +
                                 std::to_string(max_flags_of_powerset),
                             "list the combinations: flags [[], [llc]]");
            return {};
        }
        return powerset(flags);
    }
    const auto known = known_flags(module);
    std::vector<std::vector<std::string>> sets;
    const ast::Expression& value = setting.values.front();
    const auto is_list = [](const ast::Expression& expression) { return expression.kind == Kind::list; };
    if (is_list(value) && std::all_of(value.operands.begin(), value.operands.end(), is_list)) {
        for (const auto& item : value.operands) { // words or strings, as after a scenario's scheduler
            auto& set = sets.emplace_back();
            for (const auto& word : item.operands)
                if (auto flag = evaluator_.evaluate_word(word, module, known, "a flag of any scheduler here"))
                    set.push_back(std::move(*flag));
        }
        return sets;
    }
    const auto list = evaluator_.evaluate_as(Type::list, value, module);
    if (!list) return {};
    for (const auto& item : list->items) {
        std::vector<std::string> set;
        bool good = item.type == Type::list;
        for (const auto& name : item.items) {
            good = good && name.type == Type::string;
            set.push_back(name.text);
            if (good && std::find(known.begin(), known.end(), name.text) == known.end())
                diagnostics_.add(Code::unknown_name, value.span, "no scheduler here has a flag `" + name.text + "`",
                                 suggest(name.text, known));
        }
        if (!good) {
            diagnostics_.add(Code::type_mismatch, value.span, "expected lists of flags",
                             "write it as in: flags [[], [llc]]");
            return {};
        }
        sets.push_back(std::move(set));
    }
    return sets;
}

} // namespace ktstr::check
