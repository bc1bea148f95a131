// SPDX-License-Identifier: GPL-2.0-only
// `for`, `if` and `let` between statements.
#include "interp/check/check.h"

namespace ktstr::check {

using syntax::Kind;

namespace {

constexpr std::size_t max_statements = 100'000; // of one scenario, once all loops are carried out
constexpr std::size_t statement_units = 16;     // see Evaluator::spend(): about what an op takes in the plan

} // namespace

void Checker::each(const std::vector<ast::Statement>& body, const Module& module, const Visit& visit) {
    const std::size_t scope = evaluator_.scope();
    for (const auto& statement : body) carry_out(statement, module, visit);
    evaluator_.leave(scope);
}

// A statement, or one more round of a loop. False: there are too many.
bool Checker::count_statement(const ast::Statement& statement) {
    if (++met_.steered == max_statements + 1)
        diagnostics_.add(Code::too_much, statement.span,
                         "the scenario has more than " + std::to_string(max_statements) + " statements",
                         "its loops make too many");
    return met_.steered <= max_statements;
}

void Checker::carry_out(const ast::Statement& statement, const Module& module, const Visit& visit) {
    if (!count_statement(statement)) return;
    if (!evaluator_.spend(statement_units, statement.span)) return;
    if (statement.kind == Kind::let) {
        auto value = evaluator_.evaluate(statement.values.front(), module);
        evaluator_.define(statement.names.front(), value ? std::move(*value) : Value{Type::word}); // reported
        return;
    }
    if (statement.kind == Kind::condition) return choose(statement, module, visit);
    if (statement.kind != Kind::for_each) return visit.check(statement);
    const auto items = evaluator_.evaluate_items(statement.values.front(), module);
    if (!items) return;
    for (const auto& item : *items) {
        if (!count_statement(statement)) return;
        const std::size_t scope = evaluator_.scope();
        evaluator_.define(statement.names.front(), item);
        each(statement.body, module, visit);
        evaluator_.leave(scope);
        if (evaluator_.exhausted() || diagnostics_.rehearsed())
            return; // the first round shows what is wrong everywhere
    }
}

void Checker::choose(const ast::Statement& condition, const Module& module, const Visit& visit) {
    const auto holds = evaluator_.evaluate_condition(condition.values.front(), module);
    if (!holds) return;
    each(*holds ? condition.body : condition.otherwise, module, visit);
    rehearse(*holds ? condition.otherwise : condition.body, module, visit);
}

// The branch that is not taken need not make sense on this topology and kernel, but its names and types must.
void Checker::rehearse(const std::vector<ast::Statement>& body, const Module& module, const Visit& visit) {
    if (body.empty() || !rehearsed_.insert(body.data()).second) return;
    const Diagnostics::Rehearsal only_what_holds_everywhere(diagnostics_);
    const Met met = std::exchange(met_, {});
    each(body, module, {visit.rehearse, visit.rehearse});
    met_ = met;
}

} // namespace ktstr::check
