// SPDX-License-Identifier: GPL-2.0-only
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "guest/work/affinity_walk.h"
#include "guest/work/loops.h"
#include "guest/work/own_policy.h"

namespace ktstr::guest::work {

namespace {

// The next of the times that lie `period` apart; those that were missed are left out.
std::uint64_t next_time(std::uint64_t last, std::uint64_t period) {
    const std::uint64_t now = monotonic_ns();
    return last + period * (now > last ? (now - last) / period + 1 : 1);
}

void spin_as_victim(Worker& worker) {
    set_own_policy(worker, "normal");
    spin_wait(worker);
}

} // namespace

void signal_storm(Worker& worker) {
    const std::uint64_t period = worker.period_of_rate("rate");
    const std::uint64_t work = worker.parameter("work");
    struct sigaction action {};
    action.sa_handler = [](int) {}; // no SA_RESTART: it interrupts sleeps as well as computing
    ::sigaction(SIGUSR2, &action, nullptr);
    // The default action of the signal is the end: not before the other one has its handler too.
    worker.own_slot().notice.store(1);
    futex_wake(worker.own_slot().notice);
    if (!worker.wait_while(worker.next_slot().notice, 0)) return;
    const pid_t other = worker.next_slot().pid;
    std::uint64_t due = monotonic_ns();
    while (worker.running()) {
        worker.compute(work);
        due = next_time(due, period);
        while (worker.running() && monotonic_ns() < due) {
            worker.own_slot().called.arm();
            if (!worker.sleep_until(due)) worker.note_wake(worker.own_slot().called); // woken by a signal
        }
        if (!worker.running()) return;
        worker.next_slot().called.call_armed();
        if (::syscall(SYS_tkill, other, SIGUSR2) != 0) {
            if (errno != ESRCH) worker.fail("tkill() with SIGUSR2", errno, "CAP_KILL");
            return worker.wait_for_stop();
        }
        worker.pass();
    }
}

void preempt_storm(Worker& worker) {
    if (worker.member() != 0) return spin_as_victim(worker);
    const std::uint64_t period = worker.period_of_rate("rate");
    const std::uint64_t work = worker.parameter("work");
    constexpr std::uint64_t wakes_per_cpu = 16; // it goes to its victims, who are on any CPU
    set_own_policy(worker, "fifo");
    AffinityWalk walk(worker, 0);
    std::uint64_t due = monotonic_ns();
    for (std::uint64_t wakes = 0; worker.running(); ++wakes) {
        if (wakes % wakes_per_cpu == 0) walk.pin_next();
        due = next_time(due, period);
        worker.sleep_until(due);
        if (!worker.running()) return;
        worker.compute(work);
        worker.pass();
    }
}

void rt_starvation(Worker& worker) {
    if (worker.member() != 0) return spin_as_victim(worker);
    const std::uint64_t period = worker.parameter("period");
    const auto busy = static_cast<std::uint64_t>(static_cast<double>(period) * worker.value<double>("busy"));
    set_own_policy(worker, "fifo");
    std::uint64_t due = monotonic_ns();
    while (worker.running()) {
        worker.compute(busy);
        if (!worker.running()) return;
        worker.pass();
        due = next_time(due, period);
        if (busy < period) worker.sleep_until(due);
    }
}

} // namespace ktstr::guest::work
