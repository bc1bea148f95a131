// SPDX-License-Identifier: GPL-2.0-only
#include <cmath>

#include "fuzz/targets.h"
#include "llm/answer.h"

namespace ktstr::fuzz {

namespace {

bool same(const llm::ReadAnswer& first, const llm::ReadAnswer& second) {
    if (first.metrics.size() != second.metrics.size()) return false;
    for (std::size_t i = 0; i < first.metrics.size(); ++i) {
        const auto& [name, value] = first.metrics[i];
        const auto& other = second.metrics[i];
        if (name != other.name || (value != other.value && !(std::isnan(value) && std::isnan(other.value))))
            return false;
    }
    return true;
}

} // namespace

std::string try_answer(std::string_view input) {
    const auto answer = llm::read_answer(input);
    if (answer.metrics.empty() && answer.problem.empty()) return "there are no metrics, without a reason";
    if (answer.metrics.size() > llm::most_metrics) return "there are too many metrics";
    for (const auto& metric : answer.metrics)
        if (metric.name.size() > eval::longest_metric_name) return "a metric's name is too long";
    constexpr std::size_t around = 64;
    if (answer.metrics.empty() || input.size() > llm::longest_answer - around) return "";
    const auto spoken = llm::read_answer("Well <think>{\"a\": 1}</think> then: " + std::string(input) + "\nDone.");
    return same(answer, spoken) ? "" : "the text around the object changes its metrics";
}

} // namespace ktstr::fuzz
