// SPDX-License-Identifier: GPL-2.0-only
// Latencies that a worker measures, in memory shared with the executor, so that they survive a worker that is killed.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "interp/plan/record.h"

namespace ktstr::guest {

// A uniform sample of all that were noted, of a fixed size, beside their number and their exact extremes. Algorithm L
// (Kim-Hung Li, "Reservoir-Sampling Algorithms of Time Complexity O(n(1+log(N/n)))", 1994): which of them are kept does
// not depend on their values, and what is not kept costs a comparison. The same seed keeps the same ones.
// Written by one; read by another when that one has ended, however it did.
class LatencyReservoir {
  public:
    static constexpr std::size_t size = 1024;

    explicit LatencyReservoir(std::uint64_t seed = 0) : random_(seed) {}
    void note(std::uint64_t ns) {
        ns = std::min(ns, longest_ns);
        if (ns < min_ns_) min_ns_ = ns;
        if (ns > max_ns_) max_ns_ = ns;
        const std::uint64_t number = seen_.load(std::memory_order_relaxed);
        if (number == next_) keep(number, ns);
        seen_.store(number + 1, std::memory_order_release); // last: a kill in between leaves what was there before
    }
    [[nodiscard]] plan::Latency summary(const std::string& name) const;

  private:
    static constexpr std::uint64_t longest_ns = 1ULL << 62U;
    void keep(std::uint64_t number, std::uint64_t ns);
    void draw_next();
    double draw(); // above 0, below 1

    std::atomic<std::uint64_t> seen_{0};
    std::uint64_t min_ns_ = ~0ULL;
    std::uint64_t max_ns_ = 0;
    std::uint64_t next_ = 0;            // which one is kept next, counted from 0; each until all places are taken
    double highest_key_ = 1;            // of those that are kept: W of the algorithm
    std::uint64_t random_;              // state of the generator (splitmix64)
    std::array<float, size> kept_ns_{}; // exact to 2^24 ns, and to 24 bits above
};

struct WorkerLatencies {
    explicit WorkerLatencies(std::uint64_t seed) : wake(seed), request(~seed) {}
    LatencyReservoir wake;    // docs/work-types.md says from when to when
    LatencyReservoir request; // of a benchmark: from the start of a request until it was done
};

} // namespace ktstr::guest
