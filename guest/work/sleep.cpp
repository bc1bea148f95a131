// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include "guest/work/loops.h"

namespace ktstr::guest::work {

void bursty(Worker& worker) {
    const std::uint64_t burst = worker.parameter("burst");
    const std::uint64_t sleep = worker.parameter("sleep");
    while (worker.running()) {
        worker.compute(burst);
        if (!worker.running()) return;
        worker.pass();
        worker.sleep_for(sleep);
    }
}

void idle_churn(Worker& worker) {
    const std::uint64_t sleep = worker.parameter("sleep");
    while (worker.running()) {
        worker.sleep_for(sleep);
        if (worker.running()) worker.pass();
    }
}

void timer_latency(Worker& worker) {
    const std::uint64_t interval = worker.parameter("interval");
    std::uint64_t deadline = monotonic_ns() + interval;
    while (worker.running()) {
        worker.sleep_until(deadline);
        if (!worker.running()) return;
        worker.pass();
        const std::uint64_t now = monotonic_ns();
        deadline += interval * std::max<std::uint64_t>(1, now > deadline ? (now - deadline) / interval + 1 : 1);
    }
}

} // namespace ktstr::guest::work
