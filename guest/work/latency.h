// SPDX-License-Identifier: GPL-2.0-only
// Latencies that a worker measures, in memory shared with the executor, so that they survive a worker that is killed.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "interp/plan/record.h"

namespace ktstr::guest {

// A histogram with 32 steps per power of two, from 1 ns to 2^40 ns (18 minutes; what is longer counts as that). Written
// by one, read by another when that one has ended.
class LatencyHistogram {
  public:
    void note(std::uint64_t ns);
    // Under the name; the quantiles are the upper ends of their steps.
    [[nodiscard]] plan::Latency summary(const std::string& name) const;

  private:
    static constexpr unsigned step_bits = 5;
    static constexpr unsigned value_bits = 40;
    static constexpr std::size_t steps = (value_bits - step_bits + 1) << step_bits;
    static std::size_t step_of(std::uint64_t ns);
    static std::uint64_t end_of(std::size_t step);
    [[nodiscard]] std::uint64_t quantile(double part, std::uint64_t samples) const;

    std::uint64_t min_ns_ = 0;
    std::uint64_t max_ns_ = 0;
    std::array<std::uint32_t, steps> counts_{};
};

// What a benchmark measures.
struct WorkerLatencies {
    LatencyHistogram wakeup;  // from the call for it until it ran
    LatencyHistogram request; // from the start of a request until it was done
};

} // namespace ktstr::guest
