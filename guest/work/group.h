// SPDX-License-Identifier: GPL-2.0-only
// What the members of one group (a pair, a ring, one and many, the contenders of a lock) share, and how they wait for
// each other. Every wait ends when the worker is told to stop, and says so by `false`.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>

#include "guest/futex.h"
#include "guest/telemetry.h"

namespace ktstr::guest {

class Worker;
enum class Sleepers;

// Counts tokens, as of sem_overview(7). Unlike the C library's it can be given up waiting for.
struct alignas(64) Semaphore {
    FutexWord tokens{0};
    std::atomic<std::uint32_t> waiters{0};
    CallStamp called;
};

struct GroupSlot {
    alignas(64) FutexWord word{0}; // a turn, a round or a lock
    CallStamp called;              // of those who wait for the lock
    alignas(64) FutexWord done{0}; // how many have done their part of the round
    Semaphore items;               // of a bounded queue
    Semaphore room;
    static constexpr std::size_t word_count = 16;
    alignas(64) std::array<FutexWord, word_count> words{}; // of a work loop in Lua, for what it likes
    std::array<CallStamp, word_count> words_called{};
    // Of the last rounds, by their number: who comes late to one counts from that one.
    std::array<CallStamp, 16> rounds_called{};
    CallStamp& round_called(std::uint32_t round) { return rounds_called.at(round % rounds_called.size()); }
};

bool take(Worker& worker, Semaphore& semaphore, Sleepers sleepers);
void give(Semaphore& semaphore, std::uint32_t tokens, Sleepers sleepers);

// A mutex of 0 free, 1 held, 2 held and waited for (Drepper, "Futexes Are Tricky", Mutex 2).
bool lock(Worker& worker, FutexWord& word, CallStamp& called);
void unlock(FutexWord& word, CallStamp& called);

// A mutex with priority inheritance, which the kernel keeps (FUTEX_LOCK_PI); the word holds its owner's thread id.
bool lock_pi(Worker& worker, FutexWord& word, CallStamp& called);
void unlock_pi(FutexWord& word, CallStamp& called);

// A futex that is 1 once it was posted, however often, and 0 again once that was taken in by the one that waits.
void post(FutexWord& word);
bool wait_for_post(Worker& worker, FutexWord& word);

// A list of members of the group, in group().word: each puts itself on it, one takes them all off. Their slots'
// `notice` links them.
void enlist(Worker& worker);
// Calls visit(member) for each one, the latest first.
void take_list(Worker& worker, const std::function<void(int)>& visit);

// The one of a round, member 0: begins it for all that wait_for_round(), and waits until all others have called
// end_part().
void begin_round(GroupSlot& group);
bool wait_for_parts(Worker& worker);
// The others: `seen` is the round that was taken part in last, 0 at first.
bool wait_for_round(Worker& worker, std::uint32_t& seen);
void end_part(Worker& worker);

} // namespace ktstr::guest
