// SPDX-License-Identifier: GPL-2.0-only
#include "interp/check/evaluate.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "interp/check/literal.h"
#include "interp/diagnostics/suggest.h"

namespace ktstr::check {

namespace {

using SetKind = model::CpuSetSpec::Kind;

constexpr std::size_t max_definition_depth = 100;

// The functions that make CPU sets: what they take, in order; the first `positional` may be given without a name.
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

bool is_integral(Type type) { return type == Type::duration || type == Type::size || type == Type::count; }
bool is_real(Type type) { return type == Type::percent || type == Type::rate || type == Type::decimal; }
bool is_plain(Type type) { return type == Type::count || type == Type::decimal; }
double real(const Value& value) {
    return value.type == Type::count ? static_cast<double>(value.integer) : value.number;
}

std::string show(Type type, std::int64_t value) {
    return type == Type::duration ? show_duration(value)
           : type == Type::size   ? show_size(value)
                                  : std::to_string(value);
}

} // namespace

std::nullopt_t Evaluator::fail(Code code, Span span, std::string message, std::string hint) {
    diagnostics_.add(code, span, std::move(message), std::move(hint));
    return std::nullopt;
}

std::optional<Value> Evaluator::evaluate(const ast::Expression& expression, const Module& module) {
    using Kind = ast::Expression::Kind;
    switch (expression.kind) {
    case Kind::number: return literal_value(expression.span, diagnostics_);
    case Kind::cpu_list: return cpu_list_value(expression.span, diagnostics_);
    case Kind::string: return Value{Type::string, 0, 0, expression.text};
    case Kind::name: return evaluate_name(expression, module);
    case Kind::call: return evaluate_call(expression, module);
    case Kind::negation: return evaluate_negation(expression, module);
    case Kind::chain: return evaluate_chain(expression, module);
    case Kind::list: {
        Value list{Type::list};
        for (const auto& operand : expression.operands) {
            auto value = evaluate(operand, module);
            if (!value) return std::nullopt;
            list.items.push_back(std::move(*value));
        }
        return list;
    }
    }
    std::abort();
}

std::optional<Value> Evaluator::evaluate_name(const ast::Expression& expression, const Module& module) {
    if (expression.text == "all" || expression.text == "usable") {
        Value value{Type::cpu_set};
        value.cpus.kind = expression.text == "all" ? SetKind::all : SetKind::usable;
        return value;
    }
    const Symbol* symbol = names_.find(module, expression.text, expression.span);
    if (symbol == nullptr) {
        names_.report_unknown(module, expression.text, expression.span, "value", {"value", "topology"},
                              {"all", "usable"});
        return std::nullopt;
    }
    return value_of(*symbol, expression.span);
}

std::optional<Value> Evaluator::value_of(const Symbol& symbol, Span use) {
    const ast::Expression* definition = nullptr;
    if (const auto* const* let = std::get_if<const ast::Let*>(&symbol.definition)) definition = &(*let)->value;
    if (const auto* const* topology = std::get_if<const ast::Topology*>(&symbol.definition))
        definition = &(*topology)->value;
    if (definition == nullptr)
        return fail(Code::wrong_kind_of_name, use,
                    "`" + symbol.name + "` is a " + std::string(symbol.kind()) + ", not a value");
    if (const auto known = values_.find(&symbol); known != values_.end()) return known->second;
    if (std::find(in_progress_.begin(), in_progress_.end(), &symbol) != in_progress_.end())
        return fail(Code::definition_cycle, symbol.span, "`" + symbol.name + "` is defined by itself");
    if (in_progress_.size() >= max_definition_depth)
        return fail(Code::definition_cycle, symbol.span,
                    "definitions build on each other over more than " + std::to_string(max_definition_depth) +
                        " levels");
    in_progress_.push_back(&symbol);
    std::optional<Value> value;
    if (std::holds_alternative<const ast::Topology*>(symbol.definition))
        value = evaluate_as(Type::topology, *definition, *symbol.module);
    else if (definition->kind == ast::Expression::Kind::cpu_list)
        value = cpu_list_value(definition->span, diagnostics_);
    else
        value = evaluate(*definition, *symbol.module);
    in_progress_.pop_back();
    values_[&symbol] = value;
    return value;
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

std::optional<Value> Evaluator::evaluate_call(const ast::Expression& expression, const Module& module) {
    const auto& functions = set_functions();
    const auto function = std::find_if(functions.begin(), functions.end(),
                                       [&](const auto& candidate) { return candidate.name == expression.text; });
    if (function == functions.end()) {
        std::vector<std::string> known;
        for (const auto& candidate : functions) known.emplace_back(candidate.name);
        const std::string close = suggest(expression.text, known);
        return fail(Code::unknown_name, expression.span, "there is no function `" + expression.text + "`",
                    close.empty() ? "there are llc, numa, range, disjoint and overlap, which make CPU sets" : close);
    }
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

std::optional<Value> Evaluator::evaluate_negation(const ast::Expression& expression, const Module& module) {
    auto value = evaluate(expression.operands.front(), module);
    if (!value) return std::nullopt;
    if (!is_plain(value->type))
        return fail(Code::bad_operation, expression.span, describe(value->type) + " cannot be negative");
    value->integer = -value->integer; // cannot overflow: literals are not negative
    value->number = -value->number;
    return value;
}

std::optional<Value> Evaluator::evaluate_chain(const ast::Expression& expression, const Module& module) {
    auto left = evaluate(expression.operands.front(), module);
    for (std::size_t i = 1; i < expression.operands.size() && left; ++i) {
        const auto right = evaluate(expression.operands[i], module);
        if (!right) return std::nullopt;
        left = apply(expression.text[i - 1], *left, *right, expression.span);
    }
    return left;
}

// Like with like for + and -; * and / by a plain number; / of like by like gives a plain number.
std::optional<Value> Evaluator::apply(char operation, const Value& left, const Value& right, Span span) {
    const bool numeric =
        (is_integral(left.type) || is_real(left.type)) && (is_integral(right.type) || is_real(right.type));
    const bool additive = operation == '+' || operation == '-';
    const bool swapped = operation == '*' && is_plain(left.type) && !is_plain(right.type);
    if (swapped) return apply('*', right, left, span);
    const bool alike = left.type == right.type && left.type != Type::count;
    const bool suits = additive ? left.type == right.type : is_plain(right.type) || (operation == '/' && alike);
    if (!numeric || !suits)
        return fail(Code::bad_operation, span,
                    std::string("`") + operation + "` does not take " + describe(left.type) + " and " +
                        describe(right.type),
                    additive ? "both sides must be of one kind" : "");
    if (operation == '/' && real(right) == 0 && right.integer == 0)
        return fail(Code::bad_operation, span, "division by zero");
    if (operation == '/' && alike) {
        const double quotient = is_integral(left.type)
                                    ? static_cast<double>(left.integer) / static_cast<double>(right.integer)
                                    : left.number / right.number;
        return Value{Type::decimal, 0, quotient};
    }
    Value result{left.type};
    bool overflow = false;
    if (is_real(left.type)) {
        const double b = real(right);
        result.number = operation == '+'   ? left.number + b
                        : operation == '-' ? left.number - b
                        : operation == '*' ? left.number * b
                                           : left.number / b;
    } else if (additive || right.type == Type::count) {
        if (operation == '+') overflow = __builtin_add_overflow(left.integer, right.integer, &result.integer);
        if (operation == '-') overflow = __builtin_sub_overflow(left.integer, right.integer, &result.integer);
        if (operation == '*') overflow = __builtin_mul_overflow(left.integer, right.integer, &result.integer);
        if (operation == '/') result.integer = left.integer / right.integer;
    } else {
        const double product = static_cast<double>(left.integer) * (operation == '*' ? right.number : 1 / right.number);
        overflow = !(std::abs(product) < 9e18);
        if (left.type == Type::count) return Value{Type::decimal, 0, product};
        if (!overflow) result.integer = std::llround(product);
    }
    if (overflow) return fail(Code::overflow, span, "the result is too large");
    return result;
}

std::optional<Value> Evaluator::evaluate_as(Type type, const ast::Expression& expression, const Module& module) {
    auto value = evaluate(expression, module);
    if (value && value->type != type)
        return fail(Code::type_mismatch, expression.span,
                    "expected " + describe(type) + ", found " + describe(value->type), how_to_write(type));
    return value;
}

std::optional<std::int64_t> Evaluator::evaluate_integer(Type type, const ast::Expression& expression,
                                                        const Module& module, std::int64_t minimum,
                                                        std::int64_t maximum, const std::string& what) {
    const auto value = evaluate_as(type, expression, module);
    if (!value) return std::nullopt;
    if (value->integer < minimum || value->integer > maximum)
        return fail(Code::out_of_range, expression.span,
                    what + " is " + show(type, value->integer) + ", it must be between " + show(type, minimum) +
                        " and " + show(type, maximum));
    return value->integer;
}

std::optional<double> Evaluator::evaluate_percent(const ast::Expression& expression, const Module& module,
                                                  double maximum, const std::string& what) {
    const auto value = evaluate_as(Type::percent, expression, module);
    if (!value) return std::nullopt;
    if (!(value->number >= 0 && value->number <= maximum))
        return fail(Code::out_of_range, expression.span,
                    what + " must be between 0% and " + std::to_string(std::llround(maximum * 100)) + "%");
    return value->number;
}

std::optional<std::string> Evaluator::evaluate_string(const ast::Expression& expression, const Module& module) {
    auto value = evaluate_as(Type::string, expression, module);
    if (!value) return std::nullopt;
    return std::move(value->text);
}

std::optional<std::vector<std::string>> Evaluator::evaluate_strings(const ast::Expression& expression,
                                                                    const Module& module) {
    const auto value = evaluate_as(Type::list, expression, module);
    if (!value) return std::nullopt;
    std::vector<std::string> texts;
    for (const auto& item : value->items) {
        if (item.type != Type::string)
            return fail(Code::type_mismatch, expression.span,
                        "expected a list of strings, found " + describe(item.type) + " in it",
                        how_to_write(Type::list));
        texts.push_back(item.text);
    }
    return texts;
}

std::optional<model::PlacedSet> Evaluator::evaluate_set(const ast::Expression& expression, const Module& module) {
    const auto value = expression.kind == ast::Expression::Kind::number &&
                               expression.span.text().find_first_not_of("0123456789") == std::string_view::npos
                           ? cpu_list_value(expression.span, diagnostics_)
                           : evaluate_as(Type::cpu_set, expression, module);
    if (!value) return std::nullopt;
    return model::PlacedSet{value->cpus, expression.span};
}

std::optional<model::PlacedSet> Evaluator::evaluate_nodes(const ast::Expression& expression, const Module& module) {
    auto set = evaluate_set(expression, module);
    if (!set) return std::nullopt;
    if (set->set.kind != SetKind::exact && set->set.kind != SetKind::all && set->set.kind != SetKind::numa)
        return fail(Code::type_mismatch, expression.span, "expected NUMA nodes, found CPUs",
                    "write node numbers as in 0-1, or `all`");
    return set;
}

} // namespace ktstr::check
