// SPDX-License-Identifier: GPL-2.0-only
#include "guest/work/group.h"

#include <cerrno>

#include "guest/work/worker.h"

namespace ktstr::guest {

bool take(Worker& worker, Semaphore& semaphore, Sleepers sleepers) {
    while (worker.running()) {
        if (sleepers == Sleepers::one) semaphore.called.arm();
        std::uint32_t now = semaphore.tokens.load();
        if (now > 0 && semaphore.tokens.compare_exchange_weak(now, now - 1)) return true;
        if (now > 0) continue;
        semaphore.waiters.fetch_add(1);
        const std::uint64_t since = sleepers == Sleepers::one ? 1 : ticks_now();
        futex_wait(semaphore.tokens, 0);
        worker.note_wake(semaphore.called, since);
        semaphore.waiters.fetch_sub(1);
    }
    return false;
}

void give(Semaphore& semaphore, std::uint32_t tokens, Sleepers sleepers) {
    semaphore.tokens.fetch_add(tokens);
    if (semaphore.waiters.load() == 0) return;
    sleepers == Sleepers::one ? semaphore.called.call_armed() : semaphore.called.call_any();
    futex_wake(semaphore.tokens, static_cast<int>(tokens));
}

bool lock(Worker& worker, FutexWord& word, CallStamp& called) {
    std::uint32_t seen = 0;
    if (word.compare_exchange_strong(seen, 1, std::memory_order_acquire)) return true;
    if (seen != 2) seen = word.exchange(2, std::memory_order_acquire);
    while (seen != 0) {
        if (!worker.running()) return false;
        const std::uint64_t since = ticks_now();
        futex_wait(word, 2);
        worker.note_wake(called, since);
        seen = word.exchange(2, std::memory_order_acquire);
    }
    return true;
}

void unlock(FutexWord& word, CallStamp& called) {
    if (word.exchange(0, std::memory_order_release) != 2) return;
    called.call_any();
    futex_wake(word, 1);
}

bool lock_pi(Worker& worker, FutexWord& word, CallStamp& called) {
    // The kernel takes up this wait again after a signal: only its end of time lets a stop be seen.
    constexpr std::uint64_t look_every_ns = 100 * ns_per_ms;
    while (worker.running()) {
        std::uint32_t seen = 0;
        if (word.compare_exchange_strong(seen, static_cast<std::uint32_t>(::gettid()), std::memory_order_acquire))
            return true;
        const timespec end = to_timespec(read_clock(CLOCK_REALTIME) + look_every_ns);
        const std::uint64_t since = ticks_now();
        if (::syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, &end, nullptr, 0) == 0) {
            worker.note_wake(called, since);
            return true;
        }
        if (errno == ETIMEDOUT || errno == EINTR || errno == EAGAIN) continue;
        if (errno != ESRCH) worker.fail("futex(FUTEX_LOCK_PI)", errno, "CONFIG_FUTEX_PI=y");
        worker.wait_for_stop(); // its owner has died
    }
    return false;
}

void unlock_pi(FutexWord& word, CallStamp& called) {
    auto mine = static_cast<std::uint32_t>(::gettid());
    if (word.compare_exchange_strong(mine, 0, std::memory_order_release)) return;
    called.call_any();
    ::syscall(SYS_futex, &word, FUTEX_UNLOCK_PI, 0, nullptr, nullptr, 0);
}

void post(FutexWord& word) {
    if (word.exchange(1) == 0) futex_wake(word, 1);
}

bool wait_for_post(Worker& worker, FutexWord& word) {
    while (worker.wait_while(word, 0))
        if (word.exchange(0) == 1) return true;
    return false;
}

void enlist(Worker& worker) {
    FutexWord& head = worker.group().word;
    const auto link = static_cast<std::uint32_t>(worker.member()) + 1; // 0 is the end
    std::uint32_t before = head.load();
    do worker.own_slot().notice.store(before);
    while (!head.compare_exchange_weak(before, link));
}

void take_list(Worker& worker, const std::function<void(int)>& visit) {
    for (std::uint32_t link = worker.group().word.exchange(0); link != 0;) {
        const int member = static_cast<int>(link) - 1;
        link = worker.slot_of(member).notice.load(); // before the call: it may enlist again at once
        visit(member);
    }
}

void begin_round(GroupSlot& group) {
    group.done.store(0);
    group.round_called(group.word.load() + 1).call_any();
    group.word.fetch_add(1);
    futex_wake(group.word);
}

bool wait_for_parts(Worker& worker) {
    FutexWord& done = worker.group().done;
    for (std::uint32_t now = done.load(); now < worker.others(); now = done.load())
        if (!worker.wait_while(done, now, worker.own_slot().called, Sleepers::one)) return false;
    return worker.running();
}

bool wait_for_round(Worker& worker, std::uint32_t& seen) {
    FutexWord& round = worker.group().word;
    CallStamp& called = worker.group().round_called(seen + 1);
    if (!worker.wait_while(round, seen, called, Sleepers::several)) return false;
    seen = round.load();
    return true;
}

void end_part(Worker& worker) {
    FutexWord& done = worker.group().done;
    if (done.fetch_add(1) + 1 != worker.others()) return;
    worker.slot_of(0).called.call_armed();
    futex_wake(done, 1);
}

} // namespace ktstr::guest
