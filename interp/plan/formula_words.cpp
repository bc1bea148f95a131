// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/formula_words.h"

#include <array>
#include <cctype>
#include <cstdio>
#include <set>
#include <string_view>

namespace ktstr::plan {

namespace {

using Kind = Formula::Kind;

// What a number is measured in.
enum class Unit { plain, duration, ratio, rate };

std::string plain_words(double number) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.9g", number);
    return text.data();
}

std::string duration_words(double ns) {
    const double size = ns < 0 ? -ns : ns;
    if (size >= 1e9) return plain_words(ns / 1e9) + "s";
    if (size >= 1e6) return plain_words(ns / 1e6) + "ms";
    return size >= 1e3 ? plain_words(ns / 1e3) + "us" : plain_words(ns) + (ns == 0 ? "s" : "ns");
}

std::string number_words(double number, Unit unit) {
    switch (unit) {
    case Unit::duration: return duration_words(number);
    case Unit::ratio: return plain_words(number * 100) + "%";
    case Unit::rate: return plain_words(number) + "/s";
    case Unit::plain: break;
    }
    return plain_words(number);
}

Unit unit_of_measure(std::string_view path) {
    if (path == "spread" || path == "off_cpu") return Unit::ratio;
    if (path == "throughput") return Unit::rate;
    const bool time = path == "gap" || path == "cpu_time" || path == "run_delay" || path == "wake_latency";
    return time ? Unit::duration : Unit::plain;
}

Unit unit_of(const Formula& term) {
    switch (term.kind) {
    case Kind::measure: return unit_of_measure(term.path);
    case Kind::divide:
        if (unit_of(term.operands[1]) != Unit::plain) return Unit::plain;
        [[fallthrough]];
    case Kind::add:
    case Kind::subtract:
    case Kind::multiply: {
        const Unit first = unit_of(term.operands[0]);
        return first == Unit::plain ? unit_of(term.operands[1]) : first;
    }
    default: return Unit::plain;
    }
}

// p99 for 0.99, p999 for 0.999
std::string quantile_name(double quantile) {
    std::string digits = plain_words(quantile);
    digits = digits.substr(std::min<std::size_t>(2, digits.size())); // without "0."
    if (digits.size() < 2) digits += "0";
    return "p" + digits;
}

std::string measure_words(const Formula& measure) {
    const bool quantile = measure.number > 0 && measure.number < 1;
    if (!quantile) return measure.path + (measure.cgroup.empty() ? "" : "(" + measure.cgroup + ")");
    return quantile_name(measure.number) + "(" + measure.path + (measure.cgroup.empty() ? "" : ", " + measure.cgroup) +
           ")";
}

std::string window_words(const Formula& formula) {
    if (formula.from_ns == 0 && !formula.to_ns) return "";
    return "[" + duration_words(static_cast<double>(formula.from_ns)) + ", " +
           (formula.to_ns ? duration_words(static_cast<double>(*formula.to_ns)) : "") + "]";
}

class Words {
  public:
    static std::string of(const Formula& formula, Unit unit) {
        const auto operand = [&](std::size_t i) { return of(formula.operands[i], unit); };
        const auto enclosed = [&](std::size_t i) {
            const Formula& inner = formula.operands[i];
            const bool compound = inner.operands.size() > 1 && inner.kind >= Kind::logical_not;
            return compound ? "(" + of(inner, unit) + ")" : of(inner, unit);
        };
        switch (formula.kind) {
        case Kind::number: return number_words(formula.number, unit);
        case Kind::series: return formula.source + "." + formula.path;
        case Kind::snapshot: return "snapshot(" + formula.subject + ")." + formula.path;
        case Kind::payload: return formula.subject + "." + formula.path;
        case Kind::measure: return measure_words(formula);
        case Kind::rate: return "rate(" + operand(0) + ")";
        case Kind::delta: return called("delta", formula);
        case Kind::reduce: return called(formula.path, formula);
        case Kind::add: return operand(0) + " + " + operand(1);
        case Kind::subtract: return operand(0) + " - " + summand(formula.operands[1], unit);
        case Kind::multiply: return product(formula, " * ");
        case Kind::divide: return product(formula, " / ");
        case Kind::compare: return compared(formula, " " + std::string(to_string(formula.comparison)) + " ");
        case Kind::within: return compared(formula, " within ");
        case Kind::rise: return "rise(" + operand(0) + ")";
        case Kind::fall: return "fall(" + operand(0) + ")";
        case Kind::logical_not: return "not " + enclosed(0);
        case Kind::logical_and: return listed(formula, " and ");
        case Kind::logical_or: return listed(formula, " or ");
        case Kind::logical_implies: return enclosed(0) + " implies " + enclosed(1);
        case Kind::always: return "always" + window_words(formula) + " " + enclosed(0);
        case Kind::eventually: return "eventually" + window_words(formula) + " " + enclosed(0);
        case Kind::until: return enclosed(0) + " until" + window_words(formula) + " " + enclosed(1);
        case Kind::nondecreasing: return operand(0) + " nondecreasing";
        case Kind::increasing: return operand(0) + " increasing";
        case Kind::steady:
            return operand(0) + " steady within " + number_words(formula.tolerance, Unit::ratio) + " after " +
                   duration_words(static_cast<double>(formula.from_ns));
        case Kind::converges:
            return operand(0) + " converges to " + operand(1) + " +- " + plain_words(formula.tolerance) + " by " +
                   duration_words(static_cast<double>(formula.to_ns.value_or(0)));
        case Kind::sustained: {
            const Formula& inner = formula.operands[0];
            return of(inner, unit) + " for " + std::to_string(formula.samples) + " samples";
        }
        }
        return "";
    }

  private:
    static std::string called(const std::string& name, const Formula& formula) {
        return name + "(" + of(formula.operands[0], Unit::plain) +
               (formula.subject.empty() ? "" : ", \"" + formula.subject + "\"") + ")";
    }
    static std::string summand(const Formula& term, Unit unit) {
        const bool sum = term.kind == Kind::add || term.kind == Kind::subtract;
        return sum ? "(" + of(term, unit) + ")" : of(term, unit);
    }
    // Of two numbers it is not known which one has the unit; it is written to the first.
    static std::string product(const Formula& formula, const std::string& sign) {
        const auto& [left, right] = std::pair<const Formula&, const Formula&>(formula.operands[0], formula.operands[1]);
        const bool quotient = right.kind == Kind::divide || right.kind == Kind::multiply;
        const std::string second = summand(right, unit_of(right));
        return summand(left, unit_of(left)) + sign + (quotient ? "(" + second + ")" : second);
    }
    static std::string compared(const Formula& formula, const std::string& sign) {
        Unit unit = unit_of(formula.operands[0]);
        if (unit == Unit::plain) unit = unit_of(formula.operands[1]);
        std::string words = of(formula.operands[0], unit) + sign + of(formula.operands[1], unit);
        if (formula.operands.size() > 2) words += " .. " + of(formula.operands[2], unit);
        return words;
    }
    static std::string listed(const Formula& formula, const std::string& sign) {
        std::string words;
        for (const auto& operand : formula.operands) {
            const bool compound = operand.operands.size() > 1 && operand.kind >= Kind::logical_not;
            words += (words.empty() ? "" : sign) +
                     (compound ? "(" + of(operand, Unit::plain) + ")" : of(operand, Unit::plain));
        }
        return words;
    }
};

std::string bound_words(const Expectation& expectation) {
    return number_words(expectation.value, unit_of_measure(to_string(expectation.kind)));
}

// The names in an expression: words outside of strings that are no unit of a number or a rate.
std::set<std::string, std::less<>> names_in(std::string_view text) {
    const auto in_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
    std::set<std::string, std::less<>> names;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] == '"') {
            for (++i; i < text.size() && text[i] != '"'; ++i)
                if (text[i] == '\\') ++i;
            ++i;
            continue;
        }
        const std::size_t begin = i;
        while (i < text.size() && in_word(text[i])) ++i;
        if (i == begin) {
            ++i;
            continue;
        }
        const bool number = std::isdigit(static_cast<unsigned char>(text[begin])) != 0;
        const bool unit = begin > 1 && text[begin - 1] == '/' && in_word(text[begin - 2]);
        if (!number && !unit) names.emplace(text.substr(begin, i - begin));
    }
    return names;
}

bool has_bound(const Expectation& expectation) {
    return expectation.kind == Expectation::Kind::spread || expectation.kind == Expectation::Kind::gap ||
           expectation.kind == Expectation::Kind::throughput;
}

} // namespace

std::string formula_words(const Formula& formula) { return Words::of(formula, unit_of(formula)); }

std::string expectation_words(const Expectation& expectation) {
    if (expectation.formula) return formula_words(*expectation.formula);
    const std::string kind(to_string(expectation.kind));
    if (expectation.kind == Expectation::Kind::error)
        return kind + (expectation.text_is_regex ? " matches \"" : " contains \"") + expectation.text + "\"";
    if (expectation.kind == Expectation::Kind::allow_inconclusive) return "allow inconclusive";
    const std::string subject = kind + (expectation.cgroup.empty() ? "" : "(" + expectation.cgroup + ")");
    if (!has_bound(expectation)) return subject;
    return subject + " " + std::string(to_string(expectation.comparison)) + " " + bound_words(expectation);
}

std::string resolved_words(const Expectation& expectation) {
    const std::string words = expectation_words(expectation);
    const auto there = names_in(words);
    bool names_values = false;
    for (const auto& name : names_in(expectation.written)) names_values = names_values || !there.contains(name);
    if (!names_values) return "";
    return has_bound(expectation) ? bound_words(expectation) : words;
}

} // namespace ktstr::plan
