// SPDX-License-Identifier: GPL-2.0-only
// The functions of the language: CPU sets, and a few on numbers and lists.
#include <algorithm>
#include <array>
#include <set>

#include "interp/check/evaluate.h"
#include "interp/diagnostics/suggest.h"
#include "interp/plan/work_types.h"

namespace ktstr::check {

using syntax::Kind;

namespace {

using SetKind = model::CpuSetSpec::Kind;

// The functions that make CPU sets: what they take, in order.
struct SetFunction {
    std::string_view name;
    SetKind kind;
    std::vector<std::string> parameters;
    std::string example;
};

const std::vector<SetFunction>& set_functions() {
    static const std::vector<SetFunction> functions = {
        {"llc", SetKind::llc, {"index"}, "llc(0)"},
        {"numa", SetKind::numa, {"index"}, "numa(0)"},
        {"range", SetKind::range, {"first", "last"}, "range(0, 3)"},
        {"disjoint", SetKind::disjoint, {"index", "of"}, "disjoint(0, of: 2)"},
        {"overlap", SetKind::overlap, {"index", "of", "frac"}, "overlap(0, of: 2, frac: 50%)"},
    };
    return functions;
}

constexpr std::array<std::string_view, 4> plain_functions = {"min", "max", "indices", "length"};

} // namespace

std::vector<std::string> function_names() {
    std::vector<std::string> names;
    for (const auto& function : set_functions()) names.emplace_back(function.name);
    for (const auto name : plain_functions) names.emplace_back(name);
    return names;
}

std::optional<Value> Evaluator::evaluate_call(const ast::Expression& expression, const Module& module) {
    const auto is_called = [&](const auto& function) { return function.name == expression.text; };
    const auto& sets = set_functions();
    if (std::any_of(sets.begin(), sets.end(), is_called)) return call_set_function(expression, module);
    if (std::find(plain_functions.begin(), plain_functions.end(), expression.text) != plain_functions.end())
        return call_plain_function(expression, module);
    const Value* variable = local(expression.text);
    const Symbol* symbol = variable == nullptr ? names_.find(module, expression.text, expression.span) : nullptr;
    const bool workload = (variable != nullptr && variable->type == Type::workload) ||
                          (symbol != nullptr && symbol->statement->kind == Kind::work_declaration) ||
                          (symbol == nullptr && plan::find_work_type(expression.text) != nullptr);
    if (workload) return workload_of_(expression, module);
    const std::string close = suggest(expression.text, function_names());
    return fail(Code::unknown_name, expression.span, "there is no function `" + expression.text + "`",
                close.empty() ? "there are llc, numa, range, disjoint and overlap, which make CPU sets, and min, max, "
                                "indices and length"
                              : close);
}

bool Evaluator::set_argument(model::CpuSetSpec& set, std::string_view parameter, const ast::Expression& value,
                             const Module& module) {
    if (parameter == "frac") {
        const auto fraction = evaluate_percent(value, module, 1.0, "frac");
        set.fraction = fraction.value_or(0);
        return fraction.has_value();
    }
    const bool is_parts = parameter == "of";
    const auto number =
        evaluate_integer(Type::count, value, module, is_parts ? 1 : 0, plan::max_cpus, std::string(parameter));
    if (!number) return false;
    (is_parts || parameter == "last" ? set.count : set.index) = static_cast<int>(*number);
    return true;
}

std::optional<Value> Evaluator::call_set_function(const ast::Expression& expression, const Module& module) {
    const auto& functions = set_functions();
    const auto function = std::find_if(functions.begin(), functions.end(),
                                       [&](const auto& candidate) { return candidate.name == expression.text; });
    Value value{Type::cpu_set};
    value.cpus.kind = function->kind;
    std::set<std::string> given;
    bool good = true;
    for (std::size_t i = 0; i < expression.arguments.size(); ++i) {
        const auto& argument = expression.arguments[i];
        const bool positional = !argument.name && i < function->parameters.size();
        const std::string parameter = argument.name ? argument.name->text : positional ? function->parameters[i] : "";
        const auto& known = function->parameters;
        if (std::find(known.begin(), known.end(), parameter) == known.end() || !given.insert(parameter).second)
            return fail(Code::wrong_arguments, argument.name ? argument.name->span : argument.value.span,
                        "`" + expression.text + "` does not take this argument", "write it as in " + function->example);
        good = set_argument(value.cpus, parameter, argument.value, module) && good;
    }
    if (given.size() < function->parameters.size())
        return fail(Code::wrong_arguments, expression.span, "`" + expression.text + "` needs more arguments",
                    "write it as in " + function->example);
    if (!good) return std::nullopt;
    if (value.cpus.kind == SetKind::range && value.cpus.count < value.cpus.index)
        return fail(Code::out_of_range, expression.span, "the range ends before it begins",
                    "both ends belong to it: range(0, 3) has 4 CPUs");
    const bool parted = value.cpus.kind == SetKind::disjoint || value.cpus.kind == SetKind::overlap;
    if (parted && value.cpus.index >= value.cpus.count)
        return fail(Code::out_of_range, expression.span,
                    "there is no part " + std::to_string(value.cpus.index) + " of " + std::to_string(value.cpus.count),
                    "parts are counted from 0");
    return value;
}

// min(a, b, ...), max(a, b, ...), indices(n) = [0, ..., n - 1], length(list)
std::optional<Value> Evaluator::call_plain_function(const ast::Expression& expression, const Module& module) {
    std::vector<Value> values;
    for (const auto& argument : expression.arguments) {
        if (argument.name)
            return fail(Code::wrong_arguments, argument.name->span,
                        "the arguments of `" + expression.text + "` have no names");
        auto value = evaluate(argument.value, module);
        if (!value) return std::nullopt;
        values.push_back(std::move(*value));
    }
    const bool extreme = expression.text == "min" || expression.text == "max";
    if (extreme ? values.size() < 2 : values.size() != 1)
        return fail(Code::wrong_arguments, expression.span,
                    "`" + expression.text + "` takes " + (extreme ? "two or more values" : "one value"));
    if (expression.text == "length") {
        if (values[0].type != Type::list)
            return fail(Code::type_mismatch, expression.arguments[0].value.span,
                        "expected a list, found " + describe(values[0].type), how_to_write(Type::list));
        return count(static_cast<std::int64_t>(values[0].items.size()));
    }
    if (expression.text == "indices") {
        if (values[0].type != Type::count || values[0].integer < 0 || values[0].integer > max_items)
            return fail(Code::type_mismatch, expression.span, "`indices` takes a count of at most 10000");
        Value list{Type::list};
        for (std::int64_t i = 0; i < values[0].integer; ++i) list.items.push_back(count(i));
        return bounded(std::move(list), expression.span);
    }
    Value best = values[0];
    for (const auto& value : values) {
        if (value.type != best.type || !is_numeric(value.type))
            return fail(Code::type_mismatch, expression.span,
                        "`" + expression.text + "` takes numbers of one kind, not " + describe(best.type) + " and " +
                            describe(value.type));
        if (expression.text == "min" ? real(value) < real(best) : real(value) > real(best)) best = value;
    }
    return best;
}

} // namespace ktstr::check
