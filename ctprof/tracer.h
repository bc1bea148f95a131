// SPDX-License-Identifier: GPL-2.0-only
// Reads the heap counters of threads, each stopped for the moment of the reading.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ctprof/heap_layout.h"

namespace ktstr::ctprof {

struct HeapTarget {
    int pid = 0;
    int tid = 0;
    std::uint64_t start_time_ns = 0; // that the thread must have: its number could be another's by now
    std::uint64_t device = 0;        // and its process this program: st_dev and st_ino of /proc/PID/exe
    std::uint64_t inode = 0;
    std::uint64_t load_base = 0; // added to the image's addresses
    HeapLayout layout;
};

struct HeapReading {
    HeapState state = HeapState::vanished;
    std::uint64_t allocated_bytes = 0;
    std::uint64_t deallocated_bytes = 0;
};

struct TracerLimits {
    std::uint64_t stop_ns = 200'000'000;    // for one thread to come to a stop
    std::uint64_t total_ns = 5'000'000'000; // for all; what is not read by then is not_stopped
};

// One reading for each target. Seizing, stopping, reading and letting go is the work of a forked child, one thread at a
// time: however this process or the child ends, the kernel detaches what the child had seized, and it runs on
// (kernel/ptrace.c, exit_ptrace). What came to no stop in time is let go of in the same way. `in_child` is called in
// the child first.
std::vector<HeapReading> read_heaps(const std::vector<HeapTarget>& targets, const TracerLimits& limits,
                                    const std::function<void()>& in_child);

} // namespace ktstr::ctprof
