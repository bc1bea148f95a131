// SPDX-License-Identifier: GPL-2.0-only
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.h"
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

// The timer is armed once: what wakes the worker is the timer's interrupt and nothing that it did itself.
void irq_wake(Worker& worker) {
    const std::uint64_t work = worker.parameter("work");
    const std::uint64_t period = worker.period_of_rate("rate");
    const Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
    if (!timer) worker.fail("timerfd_create()", errno, "CONFIG_TIMERFD=y");
    std::uint64_t due = monotonic_ns() + period;
    const itimerspec times{.it_interval = to_timespec(period), .it_value = to_timespec(due)};
    if (::timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &times, nullptr) != 0)
        worker.fail("timerfd_settime()", errno);
    for (std::uint64_t now = monotonic_ns(); worker.running();) {
        std::uint64_t expired = 0;
        worker.begin_sleep(period);
        const std::uint64_t began = now;
        const ssize_t count = ::read(timer.get(), &expired, sizeof(expired));
        now = monotonic_ns();
        worker.end_sleep();
        if (count < 0 && errno == EINTR) continue;
        if (count != sizeof(expired)) worker.fail("read its timer", errno);
        if (due > began && now > due) worker.note_late_wake(now - due); // not if it had expired before
        due += expired * period;
        worker.pass();
        worker.compute(work);
    }
}

} // namespace ktstr::guest::work
