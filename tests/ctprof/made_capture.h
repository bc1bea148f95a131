// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "ctprof/capture.h"

namespace ktstr::ctprof::test {

// One thread and one cgroup with a value in every field.
inline Capture made_capture() {
    Capture capture;
    capture.wall_clock_ns = 1'700'000'000'000'000'000;
    capture.boot_time_ns = 12;
    capture.kernel_release = "6.12.0";
    capture.host_name = "here";
    Thread thread;
    thread.pid = 10;
    thread.tid = 12;
    thread.ppid = 1;
    thread.process = "two\nlines";
    thread.thread = "worker/\xff";
    thread.uid = 4294967295U;
    thread.gid = 5;
    thread.start_time_ns = 99;
    thread.state = 'R';
    thread.cgroup = "/a b";
    thread.policy = "fifo";
    thread.priority = -51;
    thread.nice = -20;
    thread.rt_priority = 50;
    thread.cpu = 3;
    thread.cpus_allowed = "0-3";
    std::uint64_t value = UINT64_MAX;
    for (const auto& info : counters) thread[info.counter] = value--;
    capture.threads.push_back(thread);
    thread.tid = 13;
    thread.heap = HeapState::vanished;
    thread.values = {};
    capture.threads.push_back(thread);
    capture.cgroups.push_back({"/a b", {{"cpu.stat.usage_usec", 7}}});
    capture.report.processes = 1;
    capture.report.vanished = 2;
    capture.report.left_out = 3;
    capture.report.absent = {{"io", 4}};
    capture.report.heap = {1, 0, 0, 0, 0, 1, 0, 0, 0};
    capture.report.walk_ns = 5;
    capture.report.probe_ns = 6;
    return capture;
}

} // namespace ktstr::ctprof::test
