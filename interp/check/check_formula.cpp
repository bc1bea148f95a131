// SPDX-License-Identifier: GPL-2.0-only
// Formulas of expectations: terms and conditions over what will have been observed. Types are known as far as the
// language knows them: a worker's gap is a duration, a global of the scheduler is a number of any kind.
#include <algorithm>

#include "interp/check/check.h"
#include "interp/diagnostics/suggest.h"

namespace ktstr::check {

using syntax::Kind;
using FormulaKind = plan::Formula::Kind;

namespace {

// What the workers of a cgroup measured.
const std::map<std::string, Type>& measures() {
    static const std::map<std::string, Type> types = {
        {"spread", Type::percent},   {"gap", Type::duration},       {"throughput", Type::rate},
        {"iterations", Type::count}, {"migrations", Type::count},   {"cpu_time", Type::duration},
        {"off_cpu", Type::percent},  {"run_delay", Type::duration}, {"wake_latency", Type::duration}};
    return types;
}

bool is_distribution(const std::string& measure) { return measure == "wake_latency" || measure == "run_delay"; }

const std::map<std::string, double>& quantiles() {
    static const std::map<std::string, double> values = {{"p50", 0.5},  {"p90", 0.9},    {"p95", 0.95},
                                                         {"p99", 0.99}, {"p999", 0.999}, {"p9999", 0.9999}};
    return values;
}

const std::vector<std::string>& reductions() {
    static const std::vector<std::string> names = {"first", "last", "mean", "min", "max"};
    return names;
}

plan::Formula make(FormulaKind kind, std::vector<plan::Formula> operands = {}) {
    plan::Formula formula;
    formula.kind = kind;
    formula.operands = std::move(operands);
    return formula;
}

bool suits(const std::optional<Type>& a, const std::optional<Type>& b) {
    if (!a || !b || *a == *b) return true;
    return is_plain(*a) && is_plain(*b);
}

} // namespace

const std::vector<std::string>& pattern_names() {
    static const std::vector<std::string> names = {"nondecreasing", "increasing",   "rate within", "steady within",
                                                   "converges to",  "always",       "eventually",  "until",
                                                   "sustained",     "ratio within", "rise",        "fall"};
    return names;
}

bool Checker::check_formula(const ast::Expression& expression, bool each_sample, const Module& module,
                            model::Expectation& out) {
    auto checked = condition(expression, module, out);
    if (!checked) return false;
    if (checked->series && each_sample)
        out.expectation.formula = make(FormulaKind::always, {std::move(checked->formula)});
    else
        out.expectation.formula = std::move(checked->formula);
    return true;
}

std::optional<Checker::Term> Checker::condition(const ast::Expression& expression, const Module& module,
                                                model::Expectation& out) {
    const auto operands = [&](FormulaKind kind) -> std::optional<Term> {
        Term result{make(kind), Type::boolean, false};
        for (const auto& operand : expression.operands) {
            if (operand.kind == Kind::window) {
                if (!check_window(operand, module, result.formula, out)) return std::nullopt;
                continue;
            }
            auto checked = condition(operand, module, out);
            if (!checked) return std::nullopt;
            result.series = result.series || checked->series;
            result.formula.operands.push_back(std::move(checked->formula));
        }
        if (kind == FormulaKind::always || kind == FormulaKind::eventually || kind == FormulaKind::until)
            result.series = false; // one answer for the run
        return result;
    };
    switch (expression.kind) {
    case Kind::logical_not: return operands(FormulaKind::logical_not);
    case Kind::logical_and: return operands(FormulaKind::logical_and);
    case Kind::logical_or: return operands(FormulaKind::logical_or);
    case Kind::logical_implies: return operands(FormulaKind::logical_implies);
    case Kind::always: return operands(FormulaKind::always);
    case Kind::eventually: return operands(FormulaKind::eventually);
    case Kind::until: return operands(FormulaKind::until);
    case Kind::within:
    case Kind::nondecreasing:
    case Kind::increasing:
    case Kind::steady:
    case Kind::converges: return pattern(expression, module, out);
    case Kind::call:
        if (expression.text != "rise" && expression.text != "fall") break;
        if (expression.arguments.size() == 1) {
            auto inner = condition(expression.arguments[0].value, module, out);
            if (!inner) return std::nullopt;
            return Term{
                make(expression.text == "rise" ? FormulaKind::rise : FormulaKind::fall, {std::move(inner->formula)}),
                Type::boolean, inner->series};
        }
        diagnostics_.add(Code::wrong_arguments, expression.span, "`" + expression.text + "` takes one condition");
        return std::nullopt;
    default: break;
    }
    if (expression.kind != Kind::comparison) {
        diagnostics_.add(Code::not_a_formula, expression.span, "this is no condition",
                         "compare it with something, as in gap <= 2s");
        return std::nullopt;
    }
    auto left = term(expression.operands[0], module, out);
    auto right = term(expression.operands[1], module, out);
    if (!left || !right) return std::nullopt;
    if (!suits(left->type, right->type)) {
        diagnostics_.add(Code::type_mismatch, expression.operands[1].span,
                         "expected " + describe(*left->type) + ", found " + describe(*right->type),
                         how_to_write(*left->type));
        return std::nullopt;
    }
    Term result{make(FormulaKind::compare), Type::boolean, left->series || right->series};
    result.formula.comparison = comparison_of(expression.text);
    result.formula.operands = {std::move(left->formula), std::move(right->formula)};
    return result;
}

// always[0s, 3s]: both ends belong to it.
bool Checker::check_window(const ast::Expression& window, const Module& module, plan::Formula& formula,
                           model::Expectation& out) {
    constexpr std::int64_t day = 86'400'000'000'000;
    const auto from = evaluator_.evaluate_integer(Type::duration, window.operands[0], module, 0, day, "the beginning");
    const auto to = evaluator_.evaluate_integer(Type::duration, window.operands[1], module, 0, day, "the end");
    if (!from || !to) return false;
    if (*to < *from) {
        diagnostics_.add(Code::out_of_range, window.span, "the window ends before it begins");
        return false;
    }
    formula.from_ns = static_cast<std::uint64_t>(*from);
    formula.to_ns = static_cast<std::uint64_t>(*to);
    out.times.push_back({*formula.to_ns, window.operands[1].span});
    return true;
}

std::optional<Checker::Term> Checker::pattern(const ast::Expression& expression, const Module& module,
                                              model::Expectation& out) {
    auto subject = term(expression.operands[0], module, out);
    if (!subject) return std::nullopt;
    const bool scalar_suits = expression.kind == Kind::within;
    Term result{make(FormulaKind::within), Type::boolean, subject->series && scalar_suits};
    if (!subject->series && !scalar_suits) {
        diagnostics_.add(Code::not_a_formula, expression.operands[0].span, "this is one number, not a series over time",
                         "series are bpf.x, stats.x, monitor.x, host.x and rates of them");
        return std::nullopt;
    }
    const std::optional<Type> type = subject->type;
    result.formula.operands.push_back(std::move(subject->formula));
    const auto mismatch = [&](Span span, Type found) {
        diagnostics_.add(Code::type_mismatch, span, "expected " + describe(*type) + ", found " + describe(found),
                         how_to_write(*type));
        return std::nullopt;
    };
    constexpr std::int64_t day = 86'400'000'000'000;
    const auto number = [](double value) {
        plan::Formula formula = make(FormulaKind::number);
        formula.number = value;
        return formula;
    };
    switch (expression.kind) {
    case Kind::nondecreasing: result.formula.kind = FormulaKind::nondecreasing; break;
    case Kind::increasing: result.formula.kind = FormulaKind::increasing; break;
    case Kind::within: {
        const auto range = evaluator_.evaluate_as(Type::range, expression.operands[1], module);
        if (!range) return std::nullopt;
        if (!suits(type, range->items[0].type)) return mismatch(expression.operands[1].span, range->items[0].type);
        for (const auto& end : range->items) result.formula.operands.push_back(number(real(end)));
        break;
    }
    case Kind::steady: {
        result.formula.kind = FormulaKind::steady;
        const auto tolerance = evaluator_.evaluate_percent(expression.operands[1], module, 10, "the tolerance");
        if (!tolerance) return std::nullopt;
        result.formula.tolerance = *tolerance;
        if (expression.operands.size() < 3) break;
        const auto after =
            evaluator_.evaluate_integer(Type::duration, expression.operands[2], module, 0, day, "the warm-up");
        if (!after) return std::nullopt;
        result.formula.from_ns = static_cast<std::uint64_t>(*after);
        out.times.push_back({result.formula.from_ns, expression.operands[2].span});
        break;
    }
    default: {
        result.formula.kind = FormulaKind::converges;
        const auto target = evaluator_.evaluate_as(Type::tolerance, expression.operands[1], module);
        const auto by =
            evaluator_.evaluate_integer(Type::duration, expression.operands[2], module, 0, day, "the deadline");
        if (!target || !by) return std::nullopt;
        const Value& middle = target->items[0];
        const Value& reach = target->items[1];
        if (!suits(type, middle.type)) return mismatch(expression.operands[1].span, middle.type);
        result.formula.operands.push_back(number(real(middle)));
        const bool relative = reach.type == Type::percent && middle.type != Type::percent;
        result.formula.tolerance = relative ? std::abs(real(middle)) * reach.number : real(reach);
        result.formula.to_ns = static_cast<std::uint64_t>(*by);
        out.times.push_back({*result.formula.to_ns, expression.operands[2].span});
        break;
    }
    }
    return result;
}

std::optional<Checker::Term> Checker::term(const ast::Expression& expression, const Module& module,
                                           model::Expectation& out) {
    if (expression.kind == Kind::value) return term_of_name(expression, module, out);
    if (expression.kind == Kind::call) return term_of_call(expression, module, out);
    if (const ast::Expression& root = root_of(expression); &root != &expression) {
        if (root.kind == Kind::value && is_series_source(root.text)) {
            const auto path = path_below(expression, module);
            return path ? term_of_series(root.text + *path, expression.span, out) : std::nullopt;
        }
        if (root.kind == Kind::call && root.text == "snapshot") return term_of_snapshot(expression, module, out);
    }
    if (expression.kind == Kind::member) { // schbench."int.rps"
        const ast::Expression& base = expression.operands.front();
        std::string path;
        for (const auto& name : expression.names) path += (path.empty() ? "" : ".") + name.text;
        if (base.kind == Kind::value)
            if (const Symbol* payload = find_payload(base.text, base.span, module, false)) {
                Term result{make(FormulaKind::payload), std::nullopt, false};
                result.formula.path = path;
                result.formula.subject = payload->name;
                out.payloads.push_back({payload->name, base.span});
                return result;
            }
    }
    if (expression.kind == Kind::sum || expression.kind == Kind::product) {
        auto left = term(expression.operands[0], module, out);
        for (std::size_t i = 1; i < expression.operands.size() && left; ++i) {
            auto right = term(expression.operands[i], module, out);
            if (!right) return std::nullopt;
            const char sign = expression.text[i - 1];
            const bool additive = sign == '+' || sign == '-';
            const bool scaled = (left->type && is_plain(*left->type)) || (right->type && is_plain(*right->type));
            if (additive ? !suits(left->type, right->type)
                         : left->type && right->type && !scaled && (sign == '*' || *left->type != *right->type)) {
                diagnostics_.add(Code::bad_operation, expression.span,
                                 std::string("`") + sign + "` does not take " + describe(*left->type) + " and " +
                                     describe(*right->type),
                                 additive ? "both sides must be of one kind" : "");
                return std::nullopt;
            }
            std::optional<Type> type = left->type;
            if (!additive && left->type && is_plain(*left->type)) type = right->type;
            if (!additive && (!left->type || !right->type)) type.reset();
            if (sign == '/' && left->type && right->type && *left->type == *right->type) type = Type::decimal;
            const FormulaKind kind = sign == '+'   ? FormulaKind::add
                                     : sign == '-' ? FormulaKind::subtract
                                     : sign == '*' ? FormulaKind::multiply
                                                   : FormulaKind::divide;
            left = Term{make(kind, {std::move(left->formula), std::move(right->formula)}), type,
                        left->series || right->series};
        }
        return left;
    }
    const auto value = evaluator_.evaluate(expression, module);
    if (!value) return std::nullopt;
    if (!is_numeric(value->type)) {
        diagnostics_.add(Code::not_a_formula, expression.span,
                         "expected a number or something that was observed, found " + describe(value->type));
        return std::nullopt;
    }
    Term result{make(FormulaKind::number), value->type, false};
    result.formula.number = real(*value);
    return result;
}

// gap, bpf.nr_dispatched, schbench.rps, or a value with a name
std::optional<Checker::Term> Checker::term_of_name(const ast::Expression& expression, const Module& module,
                                                   model::Expectation& out) {
    const std::string& name = expression.text;
    const auto dot = name.find('.');
    const std::string first = name.substr(0, dot);
    const bool hidden = evaluator_.local(first) != nullptr;
    if (const auto measure = measures().find(name); measure != measures().end() && !hidden) {
        Term result{make(FormulaKind::measure), measure->second, false};
        result.formula.path = name;
        if (name == "wake_latency") result.formula.number = 1; // the longest
        return result;
    }
    if (dot != std::string::npos && is_series_source(name)) return term_of_series(name, expression.span, out);
    if (dot != std::string::npos && !hidden)
        if (const Symbol* payload = find_payload(first, expression.span, module, false)) {
            Term result{make(FormulaKind::payload), std::nullopt, false};
            result.formula.subject = payload->name;
            result.formula.path = name.substr(dot + 1);
            out.payloads.push_back({payload->name, expression.span});
            return result;
        }
    const bool word = name == "all" || name == "usable" || name == "true" || name == "false" || name == "kernel";
    if (!hidden && !word && dot == std::string::npos && names_.find(module, name, expression.span) == nullptr) {
        std::vector<std::string> known = {"rate", "delta", "snapshot"};
        for (const auto& [text, type] : measures()) known.push_back(text);
        if (is_series_source(name))
            diagnostics_.add(Code::not_a_formula, expression.span, "`" + name + "` stands for many things",
                             "write which one, as in " + name + ".nr_dispatched");
        else
            names_.report_unknown(module, name, expression.span, "value", {"value", "parameter", "payload"}, known);
        return std::nullopt;
    }
    const auto value = evaluator_.evaluate(expression, module);
    if (!value) return std::nullopt;
    if (!is_numeric(value->type)) {
        diagnostics_.add(Code::not_a_formula, expression.span,
                         "expected a number or something that was observed, found " + describe(value->type));
        return std::nullopt;
    }
    Term result{make(FormulaKind::number), value->type, false};
    result.formula.number = real(*value);
    return result;
}

// spread(hot), p99(wake_latency, hot), rate(bpf.x), delta(bpf.x, "step"), mean(stats.x, "step")
std::optional<Checker::Term> Checker::term_of_call(const ast::Expression& expression, const Module& module,
                                                   model::Expectation& out) {
    const std::string& name = expression.text;
    const auto& arguments = expression.arguments;
    const auto wrong = [&](const std::string& example) {
        diagnostics_.add(Code::wrong_arguments, expression.span, "`" + name + "` has the wrong arguments",
                         "write it as in " + example);
        return std::nullopt;
    };
    const auto cgroup_of = [&](const ast::Expression& argument, plan::Formula& formula) {
        std::string text = argument.text;
        if (argument.kind == Kind::value) {
            if (const Value* local = evaluator_.local(text); local != nullptr && local->type == Type::string)
                text = local->text;
        } else if (const auto read = evaluator_.evaluate_string(argument, module)) {
            text = *read;
        } else {
            return false;
        }
        formula.cgroup = text;
        out.cgroups.push_back({text, argument.span});
        return true;
    };
    if (const auto measure = measures().find(name); measure != measures().end()) {
        if (arguments.size() != 1 || arguments[0].name) return wrong(name + "(hot)");
        Term result{make(FormulaKind::measure), measure->second, false};
        result.formula.path = name;
        if (name == "wake_latency") result.formula.number = 1;
        return cgroup_of(arguments[0].value, result.formula) ? std::optional(std::move(result)) : std::nullopt;
    }
    if (const auto quantile = quantiles().find(name); quantile != quantiles().end()) {
        const bool good = !arguments.empty() && arguments.size() <= 2 && !arguments[0].name &&
                          arguments[0].value.kind == Kind::value && is_distribution(arguments[0].value.text);
        if (!good) return wrong(name + "(wake_latency, hot)");
        Term result{make(FormulaKind::measure), Type::duration, false};
        result.formula.path = arguments[0].value.text;
        result.formula.number = quantile->second;
        if (arguments.size() == 2 && !cgroup_of(arguments[1].value, result.formula)) return std::nullopt;
        return result;
    }
    const auto& reduced = reductions();
    const bool reduction = std::find(reduced.begin(), reduced.end(), name) != reduced.end();
    if (reduction || name == "rate" || name == "delta") {
        const bool stepped = name != "rate";
        if (arguments.empty() || arguments.size() > (stepped ? 2U : 1U) || arguments[0].name)
            return wrong(name + (stepped ? "(bpf.nr_dispatched, \"step\")" : "(bpf.nr_dispatched)"));
        auto inner = term(arguments[0].value, module, out);
        if (!inner) return std::nullopt;
        if (!inner->series && !(reduction && (name == "min" || name == "max"))) {
            diagnostics_.add(Code::not_a_formula, arguments[0].value.span, "this is one number, not a series over time",
                             "series are bpf.x, stats.x, monitor.x, host.x and rates of them");
            return std::nullopt;
        }
        if (inner->series) {
            Term result{make(name == "rate"    ? FormulaKind::rate
                             : name == "delta" ? FormulaKind::delta
                                               : FormulaKind::reduce,
                             {std::move(inner->formula)}),
                        inner->type, name == "rate"};
            if (name == "rate" && (!result.type || is_plain(*result.type))) result.type = Type::rate;
            if (reduction) result.formula.path = name;
            if (arguments.size() < 2) return result;
            const auto step = evaluator_.evaluate_string(arguments[1].value, module);
            if (!step) return std::nullopt;
            result.formula.subject = *step;
            out.steps.push_back({*step, arguments[1].value.span});
            return result;
        }
    }
    if (name == "rise" || name == "fall") {
        diagnostics_.add(Code::not_a_formula, expression.span, "`" + name + "` is a condition, not a number",
                         "write it as in: " + name + "(stats.busy > 50%)");
        return std::nullopt;
    }
    if (name == "snapshot") return wrong("snapshot(before).nr_queued");
    const auto functions = function_names();
    if (std::find(functions.begin(), functions.end(), name) == functions.end()) {
        std::vector<std::string> known = reduced;
        known.insert(known.end(), {"rate", "delta", "snapshot", "rise", "fall"});
        for (const auto& [text, value] : quantiles()) known.push_back(text);
        for (const auto& [text, type] : measures()) known.push_back(text);
        const std::string close = suggest(name, known);
        diagnostics_.add(Code::unknown_name, expression.span, "there is no function `" + name + "` of what is observed",
                         close);
        return std::nullopt;
    }
    const auto value = evaluator_.evaluate(expression, module);
    if (!value) return std::nullopt;
    if (!is_numeric(value->type)) {
        diagnostics_.add(Code::not_a_formula, expression.span,
                         "expected a number or something that was observed, found " + describe(value->type));
        return std::nullopt;
    }
    Term result{make(FormulaKind::number), value->type, false};
    result.formula.number = real(*value);
    return result;
}

} // namespace ktstr::check
