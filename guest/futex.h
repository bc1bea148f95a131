// SPDX-License-Identifier: GPL-2.0-only
// futex(2) on words that processes share.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdint>
#include <ctime>

namespace ktstr::guest {

using FutexWord = std::atomic<std::uint32_t>;
static_assert(sizeof(FutexWord) == 4 && FutexWord::is_always_lock_free);

// Sleeps while the word has the value `expected`. Returns on a wake, a change, a signal, or for no reason.
inline void futex_wait(FutexWord& word, std::uint32_t expected) {
    ::syscall(SYS_futex, &word, FUTEX_WAIT, expected, nullptr, nullptr, 0);
}

// The same for `limit` at most.
inline void futex_wait_for(FutexWord& word, std::uint32_t expected, const timespec& limit) {
    ::syscall(SYS_futex, &word, FUTEX_WAIT, expected, &limit, nullptr, 0);
}

inline void futex_wake(FutexWord& word, int waiters = INT_MAX) {
    ::syscall(SYS_futex, &word, FUTEX_WAKE, waiters, nullptr, nullptr, 0);
}

} // namespace ktstr::guest
