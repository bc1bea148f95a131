// SPDX-License-Identifier: GPL-2.0-only
// The latencies of several workers taken together.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace ktstr::plan {

// What the language calls this latency, and what the record's entries of it are named.
constexpr std::string_view wake_latency = "wake_latency";

// Fewer samples say nothing about a quantile: as many as are expected to leave one beyond it, and 10 at least.
std::uint64_t samples_needed(double quantile);

class MergedLatencies {
  public:
    // Of one worker: how many it measured, the longest of them, and those that it kept. Each kept one stands for as
    // many of those seen as the others.
    void add(std::uint64_t seen, std::uint64_t longest_ns, const std::vector<std::uint64_t>& kept_ns);

    [[nodiscard]] std::uint64_t seen() const { return seen_; }
    // How many samples of equal weight these are worth (Kish's effective sample size: the square of the sum of the
    // weights over the sum of their squares), rounded down.
    [[nodiscard]] std::uint64_t samples() const;
    // In ns; none with fewer samples than it needs.
    [[nodiscard]] std::optional<double> quantile(double part);
    // In ns, exact; none if there was none.
    [[nodiscard]] std::optional<double> longest() const;

  private:
    std::vector<std::pair<std::uint64_t, double>> kept_; // ns and weight
    std::uint64_t seen_ = 0;
    std::uint64_t longest_ns_ = 0;
};

} // namespace ktstr::plan
