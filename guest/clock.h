// SPDX-License-Identifier: GPL-2.0-only
// The guest's clocks, in nanoseconds.
#pragma once

#include <cstdint>
#include <ctime>

namespace ktstr::guest {

constexpr std::uint64_t ns_per_ms = 1'000'000;
constexpr std::uint64_t ns_per_s = 1'000'000'000;

inline std::uint64_t read_clock(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * ns_per_s + static_cast<std::uint64_t>(time.tv_nsec);
}

inline std::uint64_t monotonic_ns() { return read_clock(CLOCK_MONOTONIC); }

// What the calling thread has used of a CPU, user and kernel.
inline std::uint64_t thread_cpu_ns() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

inline timespec to_timespec(std::uint64_t ns) {
    return {static_cast<time_t>(ns / ns_per_s), static_cast<long>(ns % ns_per_s)};
}

} // namespace ktstr::guest
