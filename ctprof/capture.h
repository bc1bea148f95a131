// SPDX-License-Identifier: GPL-2.0-only
// A capture: what every visible thread of a machine has done since it was started. Plain data; times in ns, sizes in
// bytes. docs/ctprof.md is its description, with where the kernel has each number from.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ktstr::ctprof {

enum class Counter {
#define COUNTER(name, unit, source) name,
#include "ctprof/counters.def"
#undef COUNTER
};

enum class Unit { none, ns, bytes };
enum class Source { schedstat, stat, status, sched, io, heap };

struct CounterInfo {
    Counter counter;
    std::string_view name;
    Unit unit;
    Source source;
};

inline constexpr std::array counters = {
#define COUNTER(name, unit, source) CounterInfo{Counter::name, #name, Unit::unit, Source::source},
#include "ctprof/counters.def"
#undef COUNTER
};

std::optional<Counter> counter_from_string(std::string_view name);

// Why there are no heap bytes of a thread; `read` if there are.
enum class HeapState {
    read,
    kernel_thread,
    no_jemalloc,          // none of the process's images has jemalloc's symbols
    no_debug_information, // jemalloc, but nothing says where its counters are
    unknown_tls,          // jemalloc whose thread-local data is reached in a way that is not known here
    vanished,             // the thread ended, or its process became another program, before it could be read
    permission,           // the kernel does not let it be traced
    not_stopped,          // it did not come to a stop in time: in an uninterruptible sleep, or starved
    unreadable,           // its memory could not be read
};
std::string_view to_string(HeapState state);
std::optional<HeapState> heap_state_from_string(std::string_view name);
inline constexpr int heap_states = 9;

struct Thread {
    int pid = 0; // thread group id
    int tid = 0;
    int ppid = 0;
    std::string process;              // the name of the process's leader
    std::string thread;               // its own
    bool kernel_thread = false;       //
    std::uint32_t uid = 0;            // real
    std::uint32_t gid = 0;            // real
    std::uint64_t start_time_ns = 0;  // after the boot; with tid, what a thread is known by
    char state = '?';                 // as in /proc/PID/stat
    std::string cgroup;               // of cgroup v2, from its root; empty if that is not there
    std::string policy;               // "normal", "fifo", ...: a plan's words
    int priority = 0;                 // the kernel's: 20 + nice; below 0 for real-time policies
    int nice = 0;                     //
    int rt_priority = 0;              // 1..99 of fifo and rr
    int cpu = 0;                      // that it ran on last
    std::string cpus_allowed;         // a list: "0-3,8"
    HeapState heap = HeapState::read; //
    std::array<std::optional<std::uint64_t>, counters.size()> values;

    [[nodiscard]] std::optional<std::uint64_t>& operator[](Counter counter) {
        return values.at(static_cast<std::size_t>(counter));
    }
    // Absent is 0.
    [[nodiscard]] std::uint64_t count(Counter counter) const {
        return values.at(static_cast<std::size_t>(counter)).value_or(0);
    }
};

// A cgroup that has threads of the capture. Keys are the file's name, with that of the value if it has several:
// "cpu.stat.usage_usec", "memory.current", in the kernel's own units.
struct Cgroup {
    std::string path;
    std::map<std::string, std::uint64_t> values;
};

struct Report {
    std::uint64_t processes = 0;                   // in the capture
    std::uint64_t vanished = 0;                    // threads that ended while they were read: left out
    std::uint64_t left_out = 0;                    // threads beyond the limit
    std::map<std::string, std::uint64_t> absent;   // files of /proc that could not be read -> of how many threads
    std::array<std::uint64_t, heap_states> heap{}; // by HeapState: how many threads
    std::uint64_t walk_ns = 0;                     // how long reading /proc took,
    std::uint64_t probe_ns = 0;                    // and how long the heap probe
};

struct Capture {
    std::uint64_t wall_clock_ns = 0; // CLOCK_REALTIME
    std::uint64_t boot_time_ns = 0;  // CLOCK_BOOTTIME
    std::string kernel_release;
    std::string host_name;
    std::vector<Thread> threads; // by pid, then tid
    std::vector<Cgroup> cgroups; // by path
    Report report;
};

} // namespace ktstr::ctprof
