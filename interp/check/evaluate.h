// SPDX-License-Identifier: GPL-2.0-only
// Pass 4, expressions: types, units and values.
#pragma once

#include <map>

#include "interp/check/names.h"
#include "interp/check/value.h"

namespace ktstr::check {

class Evaluator {
  public:
    Evaluator(Names& names, Diagnostics& diagnostics) : names_(names), diagnostics_(diagnostics) {}

    // The value of an expression in a module; none if something in it was reported.
    std::optional<Value> evaluate(const ast::Expression& expression, const Module& module);

    // The same, of one type; anything else is reported.
    std::optional<Value> evaluate_as(Type type, const ast::Expression& expression, const Module& module);
    // A duration, size or count in [minimum, maximum].
    std::optional<std::int64_t> evaluate_integer(Type type, const ast::Expression& expression, const Module& module,
                                                 std::int64_t minimum, std::int64_t maximum, const std::string& what);
    // A percentage of at most `maximum` (a fraction).
    std::optional<double> evaluate_percent(const ast::Expression& expression, const Module& module, double maximum,
                                           const std::string& what);
    std::optional<std::string> evaluate_string(const ast::Expression& expression, const Module& module);
    std::optional<std::vector<std::string>> evaluate_strings(const ast::Expression& expression, const Module& module);
    // A CPU set; a whole number written as a literal is the set of that one CPU.
    std::optional<model::PlacedSet> evaluate_set(const ast::Expression& expression, const Module& module);
    // Nodes: numbers, `all`, or numa(i).
    std::optional<model::PlacedSet> evaluate_nodes(const ast::Expression& expression, const Module& module);

    // The value of a `let` or `topology`; none if it is wrong (reported once) or depends on itself.
    std::optional<Value> value_of(const Symbol& symbol, Span use);

  private:
    std::optional<Value> evaluate_name(const ast::Expression& expression, const Module& module);
    std::optional<Value> evaluate_call(const ast::Expression& expression, const Module& module);
    std::optional<Value> evaluate_negation(const ast::Expression& expression, const Module& module);
    std::optional<Value> evaluate_chain(const ast::Expression& expression, const Module& module);
    std::optional<Value> apply(char operation, const Value& left, const Value& right, Span span);
    bool set_argument(model::CpuSetSpec& set, std::string_view parameter, const ast::Expression& value,
                      const Module& module);
    std::nullopt_t fail(Code code, Span span, std::string message, std::string hint = {});

    Names& names_;
    Diagnostics& diagnostics_;
    std::map<const Symbol*, std::optional<Value>> values_;
    std::vector<const Symbol*> in_progress_;
};

} // namespace ktstr::check
