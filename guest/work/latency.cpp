// SPDX-License-Identifier: GPL-2.0-only
#include "guest/work/latency.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace ktstr::guest {

// Values below 2^step_bits have a step each; above, the top step_bits + 1 bits say which.
std::size_t LatencyHistogram::step_of(std::uint64_t ns) {
    const std::uint64_t value = std::min(ns, (std::uint64_t{1} << value_bits) - 1);
    if (value < (1ULL << step_bits)) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - step_bits - 1;
    return (static_cast<std::size_t>(shift) << step_bits) + (value >> shift);
}

std::uint64_t LatencyHistogram::end_of(std::size_t step) {
    if (step < (1ULL << step_bits)) return step;
    const auto shift = static_cast<unsigned>(step >> step_bits) - 1;
    const std::uint64_t top = step - (static_cast<std::size_t>(shift) << step_bits);
    return ((top + 1) << shift) - 1;
}

void LatencyHistogram::note(std::uint64_t ns) {
    min_ns_ = max_ns_ == 0 ? ns : std::min(min_ns_, ns);
    max_ns_ = std::max({max_ns_, ns, std::uint64_t{1}});
    ++counts_.at(step_of(ns));
}

std::uint64_t LatencyHistogram::quantile(double part, std::uint64_t samples) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(samples)));
    std::uint64_t seen = 0;
    for (std::size_t step = 0; step < steps; ++step) {
        seen += counts_.at(step);
        if (seen >= wanted) return std::clamp(end_of(step), min_ns_, max_ns_);
    }
    return max_ns_;
}

plan::Latency LatencyHistogram::summary(const std::string& name) const {
    plan::Latency latency;
    latency.name = name;
    latency.samples = std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
    if (latency.samples == 0) return latency;
    latency.min_ns = min_ns_;
    latency.max_ns = max_ns_;
    latency.p50_ns = quantile(0.5, latency.samples);
    latency.p90_ns = quantile(0.9, latency.samples);
    latency.p99_ns = quantile(0.99, latency.samples);
    latency.p999_ns = quantile(0.999, latency.samples);
    return latency;
}

} // namespace ktstr::guest
