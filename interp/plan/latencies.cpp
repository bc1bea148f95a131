// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/latencies.h"

#include <algorithm>
#include <cmath>

namespace ktstr::plan {

namespace {

constexpr double rounding = 1e-9; // 1 / (1 - 0.99) is 100

using Kept = std::pair<std::uint64_t, double>; // ns and weight

double weight_of(std::vector<Kept>::const_iterator begin, std::vector<Kept>::const_iterator end) {
    double sum = 0;
    for (auto at = begin; at != end; ++at) sum += at->second;
    return sum;
}

} // namespace

std::uint64_t samples_needed(double quantile) {
    constexpr std::uint64_t least = 10;
    if (quantile >= 1) return 1;
    return std::max(least, static_cast<std::uint64_t>(std::ceil(1 / (1 - quantile) - rounding * 1000)));
}

void MergedLatencies::add(std::uint64_t seen, std::uint64_t longest_ns, const std::vector<std::uint64_t>& kept_ns) {
    seen_ += seen;
    longest_ns_ = std::max(longest_ns_, longest_ns);
    const double weight = kept_ns.empty() ? 0 : static_cast<double>(seen) / static_cast<double>(kept_ns.size());
    for (const std::uint64_t ns : kept_ns) kept_.emplace_back(ns, weight);
}

std::uint64_t MergedLatencies::samples() const {
    double sum = 0;
    double squares = 0;
    for (const auto& [ns, weight] : kept_) {
        sum += weight;
        squares += weight * weight;
    }
    return squares > 0 ? static_cast<std::uint64_t>(sum * sum / squares + 1e-6) : 0;
}

std::optional<double> MergedLatencies::quantile(double part) {
    if (samples() < samples_needed(part)) return std::nullopt;
    double wanted = part * weight_of(kept_.begin(), kept_.end()) * (1 - rounding);
    // The first one in order up to which the weights come to `wanted`: the half in which it must be is halved again.
    auto begin = kept_.begin();
    auto end = kept_.end();
    while (end - begin > 1) {
        const auto middle = begin + (end - begin) / 2;
        std::nth_element(begin, middle, end);
        const double lower = weight_of(begin, middle);
        if (lower >= wanted) {
            end = middle;
        } else {
            wanted -= lower;
            begin = middle;
        }
    }
    return static_cast<double>(begin->first);
}

std::optional<double> MergedLatencies::longest() const {
    return seen_ > 0 ? std::optional(static_cast<double>(longest_ns_)) : std::nullopt;
}

} // namespace ktstr::plan
