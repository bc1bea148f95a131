// SPDX-License-Identifier: GPL-2.0-only
#include "interp/lua/meter.h"

#include <ctime>
#include <limits>

namespace ktstr::lua {

namespace {

std::uint64_t thread_cpu_ns() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

} // namespace

Meter::Meter(std::uint64_t instructions, std::uint64_t cpu_ms) : left_(instructions) {
    constexpr auto never = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t now = thread_cpu_ns();
    deadline_ns_ = cpu_ms > (never - now) / 1'000'000 ? never : now + cpu_ms * 1'000'000;
}

bool Meter::in_time() {
    unpolled_ = 0;
    if (thread_cpu_ns() <= deadline_ns_) return true;
    exhausted_ = Exhausted::cpu_time;
    return false;
}

} // namespace ktstr::lua
