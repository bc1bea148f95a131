// SPDX-License-Identifier: GPL-2.0-only
// What PID 1 does to the machine it finds: file systems, limits, its own place in scheduling, clock, entropy, the end.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace ktstr::guest {

// proc, sysfs, devtmpfs, tmpfs on /tmp and /run, cgroup v2, and (as far as the kernel has them) debugfs, tracefs,
// bpffs, tmpfs on /dev/shm, devpts, hugetlbfs; /dev/stdout and the like. Takes /dev/console for standard input, output
// and error if the kernel has given none.
Result<void> mount_file_systems();

// No limit on locked memory (BPF maps), many descriptors.
Result<void> raise_limits();

void bring_loopback_up(); // a kernel without networking is no error

// SCHED_FIFO above every worker, so that a scheduler under test cannot starve the executor; children start as
// SCHED_OTHER. Also exempt from the OOM killer.
Result<void> take_precedence();

Result<void> set_wall_clock(std::uint64_t realtime_ns);

// Feeds the kernel's random generator; `hex` is 64 hexadecimal digits.
Result<void> add_entropy(const std::string& hex);

// "kernel.numa_balancing" -> "0"
Result<void> apply_sysctl(const std::string& name, const std::string& value);

// Peak resident set of the calling process (VmHWM), 0 if /proc does not say.
std::uint64_t peak_resident_bytes();

std::string kernel_release();
int online_cpus();

// On a fatal signal says so on standard error and, as PID 1, powers off: the host finds the line on the console.
void install_crash_handler();

// Writes what is to be written and powers the machine off. Outside of PID 1 just exits, with status 0.
[[noreturn]] void power_off();

} // namespace ktstr::guest
