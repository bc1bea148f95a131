// SPDX-License-Identifier: GPL-2.0-only
// Arithmetic, comparison and logic. Units are kept: like with like for + and -; * and / by a plain number; / of like by
// like gives a plain number. Nothing is converted.
#include <cmath>

#include "interp/check/evaluate.h"

namespace ktstr::check {

using syntax::Kind;

std::optional<Value> Evaluator::evaluate_negation(const ast::Expression& expression, const Module& module) {
    auto value = evaluate(expression.operands.front(), module);
    if (!value) return std::nullopt;
    if (!is_plain(value->type))
        return fail(Code::bad_operation, expression.span, describe(value->type) + " cannot be negative");
    if (__builtin_sub_overflow(std::int64_t{0}, value->integer, &value->integer))
        return fail(Code::overflow, expression.span, "the result is too large");
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

std::optional<Value> Evaluator::apply(char operation, const Value& left, const Value& right, Span span) {
    const bool additive = operation == '+' || operation == '-';
    const bool swapped = operation == '*' && is_plain(left.type) && !is_plain(right.type);
    if (swapped && is_numeric(right.type)) return apply('*', right, left, span);
    const bool alike = left.type == right.type && left.type != Type::count;
    const bool mixed = is_plain(left.type) && is_plain(right.type); // 2 + 0.5
    const bool suits =
        additive ? left.type == right.type || mixed : is_plain(right.type) || (operation == '/' && alike);
    if (operation == '+' && left.type == Type::list && right.type == Type::list) {
        Value joined = left;
        joined.items.insert(joined.items.end(), right.items.begin(), right.items.end());
        return bounded(std::move(joined), span);
    }
    if (!is_numeric(left.type) || !is_numeric(right.type) || !suits)
        return fail(Code::bad_operation, span,
                    std::string("`") + operation + "` does not take " + describe(left.type) + " and " +
                        describe(right.type),
                    left.type == Type::string && operation == '+' ? "strings are joined as in \"${a}${b}\""
                    : additive                                    ? "both sides must be of one kind"
                                                                  : "");
    if (operation == '/' && real(right) == 0) return fail(Code::bad_operation, span, "division by zero");
    if (operation == '/' && alike) return Value{Type::decimal, 0, real(left) / real(right)};
    Value result{left.type};
    bool overflow = false;
    if (is_real(left.type) || (mixed && left.type != right.type)) {
        if (mixed) result.type = Type::decimal;
        const double a = real(left);
        const double b = real(right);
        result.number = operation == '+' ? a + b : operation == '-' ? a - b : operation == '*' ? a * b : a / b;
        overflow = !std::isfinite(result.number);
    } else if (additive || right.type == Type::count) {
        if (operation == '+') overflow = __builtin_add_overflow(left.integer, right.integer, &result.integer);
        if (operation == '-') overflow = __builtin_sub_overflow(left.integer, right.integer, &result.integer);
        if (operation == '*') overflow = __builtin_mul_overflow(left.integer, right.integer, &result.integer);
        if (operation == '/') {
            overflow = right.integer == -1 && left.integer == INT64_MIN;
            if (!overflow) result.integer = left.integer / right.integer;
        }
    } else {
        const double product = real(left) * (operation == '*' ? right.number : 1 / right.number);
        overflow = !(std::abs(product) < 9e18);
        if (!overflow) result.integer = std::llround(product);
    }
    if (overflow) return fail(Code::overflow, span, "the result is too large");
    return result;
}

// 1..4 and 1.0 +- 0.5
std::optional<Value> Evaluator::evaluate_ends(const ast::Expression& expression, const Module& module) {
    auto first = evaluate(expression.operands[0], module);
    auto second = evaluate(expression.operands[1], module);
    if (!first || !second) return std::nullopt;
    const bool range = expression.kind == Kind::range;
    const bool alike = first->type == second->type || (is_plain(first->type) && is_plain(second->type)) ||
                       (!range && second->type == Type::percent);
    if (!is_numeric(first->type) || !alike)
        return fail(Code::bad_operation, expression.span,
                    std::string(range ? "`..`" : "`+-`") + " does not take " + describe(first->type) + " and " +
                        describe(second->type),
                    "both sides must be numbers of one kind");
    if (range && real(*second) < real(*first))
        return fail(Code::out_of_range, expression.span, "the range ends before it begins");
    if (!range && real(*second) < 0) return fail(Code::out_of_range, expression.span, "the tolerance is negative");
    Value value{range ? Type::range : Type::tolerance};
    value.items = {std::move(*first), std::move(*second)};
    return value;
}

namespace {

bool ordered(Type type) { return is_numeric(type) || type == Type::version; }

// -1, 0 or 1
int order(const Value& left, const Value& right) {
    const bool exact = left.type == right.type && (is_integral(left.type) || left.type == Type::version);
    if (exact) return left.integer < right.integer ? -1 : left.integer > right.integer ? 1 : 0;
    return real(left) < real(right) ? -1 : real(left) > real(right) ? 1 : 0;
}

// `kernel == v6.14` holds for 6.14.3 too: a version without a patch level stands for its series.
int order_of_versions(const Value& left, const Value& right) {
    const bool series = left.integer % 1000 == 0 || right.integer % 1000 == 0;
    const std::int64_t unit = series ? 1000 : 1;
    const std::int64_t a = left.integer / unit;
    const std::int64_t b = right.integer / unit;
    return a < b ? -1 : a > b ? 1 : 0;
}

} // namespace

std::optional<Value> Evaluator::evaluate_comparison(const ast::Expression& expression, const Module& module) {
    const auto left = evaluate(expression.operands[0], module);
    const auto right = evaluate(expression.operands[1], module);
    if (!left || !right) return std::nullopt;
    const std::string& sign = expression.text;
    const bool equality = sign == "==" || sign == "!=";
    const bool comparable =
        left->type == right->type ? equality || ordered(left->type) : is_plain(left->type) && is_plain(right->type);
    if (!comparable)
        return fail(Code::bad_operation, expression.span,
                    "`" + sign + "` does not take " + describe(left->type) + " and " + describe(right->type),
                    left->type == right->type ? "these have no order; == and != compare them"
                    : left->type == Type::version || right->type == Type::version ? how_to_write(Type::version)
                                                                                  : "both sides must be of one kind");
    int result = 0;
    if (left->type == Type::version)
        result = order_of_versions(*left, *right);
    else if (ordered(left->type))
        result = order(*left, *right);
    else
        result = left->type == right->type && show(*left) == show(*right) ? 0 : 1;
    if (sign == "==") return boolean(result == 0);
    if (sign == "!=") return boolean(result != 0);
    if (sign == "<") return boolean(result < 0);
    if (sign == "<=") return boolean(result <= 0);
    return boolean(sign == ">" ? result > 0 : result >= 0);
}

std::optional<Value> Evaluator::evaluate_within(const ast::Expression& expression, const Module& module) {
    const auto value = evaluate(expression.operands[0], module);
    const auto range = evaluate_as(Type::range, expression.operands[1], module);
    if (!value || !range) return std::nullopt;
    if (!is_numeric(value->type) || (value->type != range->items[0].type && !is_plain(value->type)))
        return fail(Code::bad_operation, expression.span,
                    "`within` does not take " + describe(value->type) + " and a range of another kind");
    return boolean(order(*value, range->items[0]) >= 0 && order(*value, range->items[1]) <= 0);
}

// `and`, `or` and `implies` look at their right side only if it matters; its types are checked in any case by what
// was looked at with other parameters.
std::optional<Value> Evaluator::evaluate_logic(const ast::Expression& expression, const Module& module) {
    const auto first = evaluate_condition(expression.operands.front(), module);
    if (!first) return std::nullopt;
    if (expression.kind == Kind::logical_not) return boolean(!*first);
    if (expression.kind == Kind::logical_implies && !*first) return boolean(true);
    bool result = *first;
    for (std::size_t i = 1; i < expression.operands.size(); ++i) {
        if (expression.kind == Kind::logical_and && !result) break;
        if (expression.kind == Kind::logical_or && result) break;
        const auto next = evaluate_condition(expression.operands[i], module);
        if (!next) return std::nullopt;
        result = *next;
    }
    return boolean(result);
}

} // namespace ktstr::check
