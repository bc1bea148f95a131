// SPDX-License-Identifier: GPL-2.0-only
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "guest/work/affinity_walk.h"
#include "guest/work/loops.h"
#include "guest/work/own_policy.h"

namespace ktstr::guest::work {

void fork_exit(Worker& worker) {
    CallStamp& called = worker.own_slot().called;
    while (worker.running()) {
        called.arm();
        const pid_t child = ::fork();
        if (child == 0) {
            called.call_armed();
            ::_exit(0);
        }
        if (child < 0) worker.fail("fork", errno);
        const std::uint64_t since = ticks_now();
        while (::waitpid(child, nullptr, 0) < 0)
            if (errno != EINTR || !worker.running()) return; // a child left behind goes with the process group
        worker.note_wake(called, since);
        worker.pass();
    }
}

void nice_sweep(Worker& worker) {
    const std::uint64_t interval = worker.parameter("interval");
    while (worker.running())
        for (int nice = 19; nice >= -20 && worker.running(); --nice) {
            if (::setpriority(PRIO_PROCESS, 0, nice) != 0) worker.fail("setpriority() itself", errno, "CAP_SYS_NICE");
            worker.spin_until(monotonic_ns() + interval);
        }
}

void affinity_churn(Worker& worker) {
    const std::uint64_t interval = worker.parameter("interval");
    AffinityWalk walk(worker, 0);
    while (worker.running()) {
        walk.pin_next();
        worker.spin_until(monotonic_ns() + interval);
    }
}

void cross_affinity_churn(Worker& worker) {
    const std::uint64_t interval = worker.parameter("interval");
    AffinityWalk walk(worker, worker.next_slot().pid);
    while (worker.running()) {
        if (!walk.pin_next()) return worker.wait_for_stop(); // nobody is left to move
        worker.pass();
        worker.compute_until(monotonic_ns() + interval);
    }
}

void policy_churn(Worker& worker) {
    const std::uint64_t interval = worker.parameter("interval");
    while (worker.running())
        for (const char* policy : {"normal", "batch", "idle"}) {
            if (!worker.running()) return;
            set_own_policy(worker, policy);
            worker.spin_until(monotonic_ns() + interval);
        }
}

} // namespace ktstr::guest::work
