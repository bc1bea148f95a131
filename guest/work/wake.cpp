// SPDX-License-Identifier: GPL-2.0-only
// Pairs and rings, in which each wakes the next.
#include <cerrno>

#include "guest/work/buffer.h"
#include "guest/work/files.h"
#include "guest/work/loops.h"
#include "guest/work/own_policy.h"

namespace ktstr::guest::work {

namespace {

// Hands a turn back and forth on the group's futex, working for `work_ns` at every turn.
void take_turns(Worker& worker, std::uint64_t work_ns) {
    FutexWord& turn = worker.group().word;
    const auto mine = static_cast<std::uint32_t>(worker.member());
    while (worker.wait_while(turn, 1 - mine, worker.own_slot().called, Sleepers::one)) {
        if (work_ns > 0) worker.compute(work_ns);
        if (!worker.running()) return;
        turn.store(1 - mine, std::memory_order_release);
        worker.next_slot().called.call_armed();
        futex_wake(turn, 1);
        worker.pass();
    }
}

void chain_by_futex(Worker& worker, std::uint64_t work_ns) {
    FutexWord& own = worker.own_slot().call;
    FutexWord& next = worker.next_slot().call;
    if (worker.member() == 0) own.fetch_add(1); // the first is woken by nobody
    for (std::uint32_t seen = 0; worker.wait_while(own, seen, worker.own_slot().called, Sleepers::one); ++seen) {
        worker.compute(work_ns);
        if (!worker.running()) return;
        next.fetch_add(1, std::memory_order_release);
        worker.next_slot().called.call_armed();
        futex_wake(next, 1);
        worker.pass();
    }
}

void chain_by_pipe(Worker& worker, std::uint64_t work_ns) {
    const Ring ring = take_ring(worker);
    char byte = 'k';
    bool woken = worker.member() == 0 || receive_all(worker, ring.in, &byte, 1);
    while (woken) {
        worker.compute(work_ns);
        if (!send_all(worker, ring.out, worker.next_slot(), &byte, 1)) return;
        worker.pass();
        woken = receive_all(worker, ring.in, &byte, 1);
    }
}

} // namespace

void pipe_io(Worker& worker) {
    const Ring ring = take_ring(worker);
    char byte = 'k';
    if (worker.member() == 0 && !send_all(worker, ring.out, worker.next_slot(), &byte, 1)) return;
    while (receive_all(worker, ring.in, &byte, 1) && send_all(worker, ring.out, worker.next_slot(), &byte, 1))
        worker.pass();
}

void futex_ping_pong(Worker& worker) { take_turns(worker, 0); }

void cache_pipe(Worker& worker) {
    const std::size_t size = worker.parameter("size");
    const std::uint64_t burst = worker.parameter("burst");
    const std::size_t lines = size / cache_line;
    const Ring ring = take_ring(worker);
    char* buffer = map_buffer(worker, size);
    LineWalk walk(buffer, size);
    Pace pace{.steps_per_ns = 0.1};
    if (worker.member() == 0 && !send_all(worker, ring.out, worker.next_slot(), buffer, size)) return;
    while (receive_all(worker, ring.in, buffer, size)) {
        const std::uint64_t start = thread_cpu_ns();
        for (std::size_t line = 0; line < lines && worker.running(); line += 1024) {
            walk.touch(std::min<std::size_t>(1024, lines - line)); // all of it, however short the burst
            worker.observe();
        }
        const std::uint64_t used = thread_cpu_ns() - start;
        if (used < burst) worker.compute(burst - used, pace, [&walk](std::uint32_t steps) { walk.touch(steps); });
        if (!send_all(worker, ring.out, worker.next_slot(), buffer, size)) return;
        worker.pass();
    }
}

void wake_chain(Worker& worker) {
    const std::uint64_t work = worker.parameter("work");
    if (worker.choice("wake_by") == "pipe") return chain_by_pipe(worker, work);
    return chain_by_futex(worker, work);
}

void asymmetric_waker(Worker& worker) {
    set_own_policy(worker, worker.choice(worker.member() == 0 ? "waker" : "wakee"));
    take_turns(worker, worker.parameter("work"));
}

} // namespace ktstr::guest::work
