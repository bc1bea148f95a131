// SPDX-License-Identifier: GPL-2.0-only
// What the texts of /proc/PID/task/TID say. A thread's name may hold any byte, a newline and a parenthesis among them;
// nothing of a name is ever taken for something else.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctprof/capture.h"

namespace ktstr::ctprof {

// stat (fs/proc/array.c, do_task_stat): sets ppid, thread (its name), state, kernel_thread, start time, policy,
// priorities, cpu and the counters of `stat`. False if it is none. `ticks_per_second` is sysconf(_SC_CLK_TCK).
bool parse_stat(std::string_view text, std::uint64_t ticks_per_second, Thread& thread);
// The start time alone, in ns.
std::optional<std::uint64_t> parse_start_time(std::string_view text, std::uint64_t ticks_per_second);

// status (fs/proc/array.c, proc_pid_status): ids, cpus_allowed, context switches.
bool parse_status(std::string_view text, Thread& thread);
// schedstat (Documentation/scheduler/sched-stats.rst): three numbers.
bool parse_schedstat(std::string_view text, Thread& thread);
// sched (kernel/sched/debug.c, proc_sched_show_task): only what it has; sums are there with schedstats enabled only.
bool parse_sched(std::string_view text, Thread& thread);
// io (fs/proc/base.c, do_io_accounting)
bool parse_io(std::string_view text, Thread& thread);
// cgroup: the path of cgroup v2, "0::/path"; none if there is none.
std::optional<std::string> parse_cgroup(std::string_view text);

// A line of maps that a file stands behind (fs/proc/task_mmu.c, show_map_vma).
struct Mapping {
    std::uint64_t start = 0;
    std::uint64_t offset = 0;
    std::uint64_t device = 0; // major << 32 | minor
    std::uint64_t inode = 0;
    bool executable = false;
    std::string path;     // as the process sees it; a newline in it is "\012"
    std::string map_file; // its name in /proc/PID/map_files: "55d0-55e0"
};
std::vector<Mapping> parse_maps(std::string_view text);

// Of a flat keyed file ("usage_usec 12\n..."): prefix + key -> value. Of a file with one number: prefix -> value.
void add_values(std::string_view text, const std::string& prefix, std::map<std::string, std::uint64_t>& values);

} // namespace ktstr::ctprof
