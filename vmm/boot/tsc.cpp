// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/tsc.h"

#include <x86intrin.h>

#include <cstdlib>
#include <ctime>

namespace ktstr::vmm {

namespace {

struct Sample {
    std::uint64_t ticks = 0;
    std::uint64_t ns = 0;
};

std::uint64_t raw_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

// Both clocks at one moment: the tightest of several readings, so that an interruption between them does not count.
Sample take_sample() {
    Sample best;
    std::uint64_t best_width = UINT64_MAX;
    for (int i = 0; i < 20; ++i) {
        const std::uint64_t before = __rdtsc();
        const std::uint64_t ns = raw_ns();
        const std::uint64_t after = __rdtsc();
        if (after - before >= best_width) continue;
        best_width = after - before;
        best = {before + (after - before) / 2, ns};
    }
    return best;
}

std::uint64_t measure_khz() {
    const Sample begin = take_sample();
    const timespec pause{0, 10'000'000};
    ::nanosleep(&pause, nullptr);
    const Sample end = take_sample();
    return (end.ticks - begin.ticks) * 1'000'000 / (end.ns - begin.ns);
}

} // namespace

std::uint64_t host_tsc_khz() {
    static const std::uint64_t khz = measure_khz();
    return khz;
}

} // namespace ktstr::vmm
