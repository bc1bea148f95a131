// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/verdict.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace ktstr::eval {

namespace {

nlohmann::json or_null(const std::optional<double>& value) { return value ? nlohmann::json(*value) : nlohmann::json(); }

} // namespace

std::optional<double> AssertionResult::robustness() const {
    if (margin) return margin;
    if (!value || !bound) return std::nullopt;
    if (comparison == plan::Comparison::equal) return -std::abs(*value - *bound);
    if (comparison == plan::Comparison::not_equal) return std::abs(*value - *bound);
    const bool upper = comparison == plan::Comparison::less || comparison == plan::Comparison::less_equal;
    return upper ? *bound - *value : *value - *bound;
}

std::vector<const AssertionResult*> Verdict::failures() const {
    std::vector<const AssertionResult*> found;
    for (const auto& assertion : assertions)
        if (assertion.outcome == Outcome::fail || assertion.outcome == Outcome::inconclusive)
            found.push_back(&assertion);
    return found;
}

const AssertionResult* Verdict::skipped_by() const {
    const AssertionResult* first = nullptr;
    for (const auto& assertion : assertions) {
        if (assertion.asks_skip) return &assertion;
        if (first == nullptr && assertion.outcome == Outcome::skip) first = &assertion;
    }
    return first;
}

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
    case Outcome::skip: return "skip";
    case Outcome::pass: return "pass";
    case Outcome::inconclusive: return "inconclusive";
    case Outcome::fail: return "fail";
    }
    return "";
}

nlohmann::json to_json(const AssertionResult& result) {
    return {{"outcome", to_string(result.outcome)},
            {"kind", result.kind},
            {"cgroup", result.cgroup},
            {"written", result.written},
            {"source", plan::to_json(result.source)},
            {"value", or_null(result.value)},
            {"bound", or_null(result.bound)},
            {"unit", result.unit},
            {"robustness", or_null(result.robustness())},
            {"message", result.message},
            {"hint", result.hint},
            {"notes", result.notes}};
}

nlohmann::json to_json(const Verdict& verdict) {
    auto assertions = nlohmann::json::array();
    for (const auto& assertion : verdict.assertions) assertions.push_back(to_json(assertion));
    return {{"outcome", to_string(verdict.outcome)},
            {"expected_failure", verdict.expected_failure},
            {"assertions", std::move(assertions)}};
}

} // namespace ktstr::eval
