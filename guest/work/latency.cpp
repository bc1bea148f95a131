// SPDX-License-Identifier: GPL-2.0-only
#include "guest/work/latency.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ktstr::guest {

namespace {

// Nearest rank, in what is sorted and not empty.
std::uint64_t quantile(const std::vector<std::uint64_t>& sorted, double part) {
    const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(sorted.size())));
    return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

} // namespace

double LatencyReservoir::draw() {
    random_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t value = random_;
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
    value ^= value >> 31U;
    return (static_cast<double>(value >> 11U) + 0.5) * 0x1p-53;
}

void LatencyReservoir::draw_next() {
    highest_key_ *= std::exp(std::log(draw()) / static_cast<double>(size));
    const double skipped = std::floor(std::log(draw()) / std::log1p(-highest_key_));
    next_ += 1 + static_cast<std::uint64_t>(std::min(skipped, 0x1p62));
}

void LatencyReservoir::keep(std::uint64_t number, std::uint64_t ns) {
    if (number < size) {
        kept_ns_[number] = static_cast<float>(ns);
        next_ = number + 1;
        if (next_ < size) return;
        next_ = number;
    } else {
        kept_ns_.at(static_cast<std::size_t>(draw() * static_cast<double>(size))) = static_cast<float>(ns);
    }
    draw_next();
}

plan::Latency LatencyReservoir::summary(const std::string& name) const {
    plan::Latency latency;
    latency.name = name;
    latency.seen = seen_.load(std::memory_order_acquire);
    if (latency.seen == 0) return latency;
    const auto kept = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(latency.seen, size));
    latency.dropped = latency.seen - static_cast<std::uint64_t>(kept);
    for (auto at = kept_ns_.begin(); at != kept_ns_.begin() + kept; ++at)
        latency.kept_ns.push_back(std::clamp(static_cast<std::uint64_t>(*at), min_ns_, max_ns_)); // float rounds
    std::sort(latency.kept_ns.begin(), latency.kept_ns.end());
    latency.min_ns = min_ns_;
    latency.max_ns = max_ns_;
    latency.p50_ns = quantile(latency.kept_ns, 0.5);
    latency.p90_ns = quantile(latency.kept_ns, 0.9);
    latency.p99_ns = quantile(latency.kept_ns, 0.99);
    latency.p999_ns = quantile(latency.kept_ns, 0.999);
    return latency;
}

} // namespace ktstr::guest
