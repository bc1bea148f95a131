// SPDX-License-Identifier: GPL-2.0-only
#include "guest/work/loops.h"

namespace ktstr::guest::work {

namespace {

// A mutex in shared memory: 0 free, 1 held, 2 held and waited for (Drepper, "Futexes Are Tricky", Mutex 2). Unlike
// pthread's it can be given up waiting for when the worker is told to stop.
bool lock(Worker& worker, FutexWord& word) {
    std::uint32_t seen = 0;
    if (word.compare_exchange_strong(seen, 1, std::memory_order_acquire)) return true;
    if (seen != 2) seen = word.exchange(2, std::memory_order_acquire);
    while (seen != 0) {
        if (!worker.running()) return false;
        futex_wait(word, 2);
        seen = word.exchange(2, std::memory_order_acquire);
    }
    return true;
}

void unlock(FutexWord& word) {
    if (word.exchange(0, std::memory_order_release) == 2) futex_wake(word, 1);
}

} // namespace

void mutex_contention(Worker& worker) {
    const std::uint64_t hold = worker.parameter("hold");
    const std::uint64_t think = worker.parameter("think");
    FutexWord& word = worker.group().word;
    while (worker.running()) {
        if (!lock(worker, word)) return;
        worker.compute(hold);
        unlock(word);
        if (worker.running()) worker.pass();
        worker.compute(think);
    }
}

} // namespace ktstr::guest::work
