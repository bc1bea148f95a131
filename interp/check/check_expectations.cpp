// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <regex>

#include "interp/check/check.h"

namespace ktstr::check {

using syntax::Kind;
using ExpectationKind = plan::Expectation::Kind;

namespace {

constexpr std::size_t max_regex_length = 1000; // std::regex recurses over its pattern

ExpectationKind kind_of(Kind kind) {
    switch (kind) {
    case Kind::spread: return ExpectationKind::spread;
    case Kind::gap: return ExpectationKind::gap;
    case Kind::isolation: return ExpectationKind::isolation;
    case Kind::throughput: return ExpectationKind::throughput;
    case Kind::error: return ExpectationKind::error;
    default: return ExpectationKind::progress;
    }
}

plan::Comparison comparison_of(std::string_view text) {
    if (text == "<") return plan::Comparison::less;
    if (text == ">") return plan::Comparison::greater;
    return text == ">=" ? plan::Comparison::greater_equal : plan::Comparison::less_equal;
}

// The source with comments gone and blanks made single, so that its layout does not show in the plan.
std::string written(std::string_view text) {
    std::string result;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string && c == '\\' && i + 1 < text.size()) {
            result += text.substr(i++, 2);
            continue;
        }
        if (c == '"') in_string = !in_string;
        const bool comment = !in_string && c == '#';
        if (comment) i = std::min(text.find('\n', i), text.size());
        if (comment || (!in_string && (c == ' ' || c == '\t' || c == '\r' || c == '\n'))) {
            if (result.empty() || result.back() != ' ') result += ' ';
        } else {
            result += c;
        }
    }
    return result;
}

bool same_subject(const plan::Expectation& a, const plan::Expectation& b) {
    return a.kind == b.kind && a.cgroup == b.cgroup;
}

bool has_error(const std::vector<plan::Expectation>& expectations) {
    return std::any_of(expectations.begin(), expectations.end(),
                       [](const auto& expectation) { return expectation.kind == ExpectationKind::error; });
}

bool is_upper_bound(plan::Comparison comparison) {
    return comparison == plan::Comparison::less || comparison == plan::Comparison::less_equal;
}

} // namespace

bool Checker::check_bound(const ast::Expectation& expectation, const Module& module, plan::Expectation& out) {
    const ast::Expression& value = *expectation.value;
    switch (out.kind) {
    case ExpectationKind::spread: {
        const auto percent = evaluator_.evaluate_percent(value, module, 100, "the spread");
        out.value = percent.value_or(0);
        return percent.has_value();
    }
    case ExpectationKind::gap: {
        const auto duration =
            evaluator_.evaluate_integer(Type::duration, value, module, 0, 86'400'000'000'000, "the gap");
        out.value = static_cast<double>(duration.value_or(0));
        return duration.has_value();
    }
    case ExpectationKind::throughput: {
        const auto rate = evaluator_.evaluate_as(Type::rate, value, module);
        out.value = rate ? rate->number : 0;
        return rate.has_value();
    }
    default: break;
    }
    const auto text = evaluator_.evaluate_string(value, module);
    if (!text) return false;
    out.text = *text;
    out.text_is_regex = expectation.matches;
    if (text->empty()) {
        diagnostics_.add(Code::out_of_range, value.span, "every text contains the empty string",
                         "write a part of the message");
        return false;
    }
    if (!expectation.matches) return true;
    try {
        if (text->size() <= max_regex_length) {
            const std::regex pattern(*text, std::regex::ECMAScript);
            return true;
        }
        diagnostics_.add(Code::bad_regex, value.span, "the regular expression is too long", "at most 1000 characters");
    } catch (const std::regex_error& error) {
        diagnostics_.add(Code::bad_regex, value.span, "not a valid regular expression: " + std::string(error.what()),
                         "the syntax is that of ECMAScript; in a string, \\ is written \\\\");
    }
    return false;
}

Checker::Layer Checker::check_expectations(const std::vector<ast::Expectation>& expectations, const Module& module) {
    Layer layer;
    for (const auto& expectation : expectations) {
        plan::Expectation out;
        out.kind = kind_of(expectation.kind);
        out.source = position_of(expectation.span);
        out.written = written(expectation.span.text());
        if (expectation.cgroup) out.cgroup = expectation.cgroup->text;
        const bool compared = !expectation.comparison.empty();
        if (compared) out.comparison = comparison_of(expectation.comparison);
        if (expectation.value && !expectation.off && !check_bound(expectation, module, out)) continue;
        const auto repeats = [&](const plan::Expectation& other) {
            const bool both_bounds = compared && is_upper_bound(other.comparison) != is_upper_bound(out.comparison);
            return same_subject(other, out) && out.kind != ExpectationKind::error && !both_bounds;
        };
        const auto first = std::find_if(layer.expectations.begin(), layer.expectations.end(), repeats);
        if (first != layer.expectations.end() && !expectation.off)
            diagnostics_.add(Code::duplicate_expectation, expectation.span, "this is expected twice",
                             "first on line " + std::to_string(first->source.line));
        (expectation.off ? layer.switched_off : layer.expectations).push_back(std::move(out));
    }
    return layer;
}

// The built-in `progress`, then the layers in order: the last one that speaks of a kind and a cgroup wins. Where the
// last layer expects an error, it alone counts: a run that must fail owes nothing else.
std::vector<plan::Expectation> Checker::merge(const std::vector<Layer>& layers, plan::SourcePosition source) {
    if (!layers.empty() && has_error(layers.back().expectations)) return layers.back().expectations;
    plan::Expectation progress;
    progress.written = "progress";
    progress.source = std::move(source);
    std::vector<plan::Expectation> merged = {progress};
    for (const auto& layer : layers) {
        std::erase_if(merged, [&](const plan::Expectation& earlier) {
            const auto speaks = [&](const plan::Expectation& later) { return same_subject(earlier, later); };
            return std::any_of(layer.expectations.begin(), layer.expectations.end(), speaks) ||
                   std::any_of(layer.switched_off.begin(), layer.switched_off.end(), speaks);
        });
        for (const auto& expectation : layer.expectations) {
            const bool off = std::any_of(layer.switched_off.begin(), layer.switched_off.end(),
                                         [&](const auto& other) { return same_subject(expectation, other); });
            if (!off) merged.push_back(expectation);
        }
    }
    return merged;
}

} // namespace ktstr::check
