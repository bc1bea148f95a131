// SPDX-License-Identifier: GPL-2.0-only
#include "guest/work/loops.h"
#include "guest/work/own_policy.h"

namespace ktstr::guest::work {

void mutex_contention(Worker& worker) {
    const std::uint64_t hold = worker.parameter("hold");
    const std::uint64_t think = worker.parameter("think");
    FutexWord& word = worker.group().word;
    CallStamp& called = worker.group().called;
    while (worker.running()) {
        if (!lock(worker, word, called)) return;
        worker.compute(hold);
        unlock(word, called);
        if (worker.running()) worker.pass();
        worker.compute(think);
    }
}

// Member 0 has low priority (policy normal), member 1 high (fifo 2), all others medium (fifo 1). Those of medium
// priority never want the lock: they only keep a low one that holds it off its CPU.
void priority_inversion(Worker& worker) {
    const std::uint64_t hold = worker.parameter("hold");
    const std::uint64_t think = worker.parameter("think");
    const bool inherits = worker.choice("lock") == "pi";
    const bool wants_lock = worker.member() < 2;
    FutexWord& word = worker.group().word;
    CallStamp& called = worker.group().called;
    if (worker.member() == 0)
        set_own_policy(worker, "normal");
    else
        set_own_policy(worker, "fifo", worker.member() == 1 ? 2 : 1);
    while (worker.running()) {
        if (wants_lock && !(inherits ? lock_pi(worker, word, called) : lock(worker, word, called))) return;
        worker.compute(hold);
        if (wants_lock) inherits ? unlock_pi(word, called) : unlock(word, called);
        if (!worker.running()) return;
        worker.pass();
        worker.sleep_for(think);
    }
}

} // namespace ktstr::guest::work
