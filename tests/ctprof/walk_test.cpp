// SPDX-License-Identifier: GPL-2.0-only
#include "ctprof/walk.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "tests/ctprof/made_proc.h"

using namespace ktstr::ctprof;
using namespace ktstr::ctprof::test;

namespace {

Capture capture_of(const MadeProc& proc, std::size_t most_threads = 1000) {
    CaptureOptions options;
    options.proc = proc.path();
    options.cgroups = proc.path() + "/cgroups";
    options.most_threads = most_threads;
    auto capture = take_capture(options);
    REQUIRE(capture.ok());
    return *capture;
}

} // namespace

TEST_CASE("a capture has every thread of every process with what it did") {
    const MadeProc proc;
    proc.add(10, {.tid = 10, .comm = "server"});
    proc.add(10, {.tid = 12, .comm = "worker/1"});
    proc.add(2, {.tid = 2, .comm = "kthreadd", .flags = 0x200000});
    proc.write("cgroups/cgroup.controllers", "cpu memory\n");
    proc.write("cgroups/made/up/cpu.stat", "usage_usec 77\n");
    proc.write("version", "not a process\n");
    const auto capture = capture_of(proc);
    REQUIRE(capture.threads.size() == 3);
    CHECK(capture.report.processes == 2);
    CHECK(capture.threads[0].process == "kthreadd");
    CHECK(capture.threads[0].heap == HeapState::kernel_thread);
    CHECK(capture.threads[0].count(Counter::allocated_bytes) == 0);
    const Thread& worker = capture.threads[2];
    CHECK(worker.pid == 10);
    CHECK(worker.tid == 12);
    CHECK(worker.process == "server");
    CHECK(worker.thread == "worker/1");
    CHECK(worker.uid == 1000);
    CHECK(worker.cgroup == "/made/up");
    CHECK(worker.count(Counter::run_time_ns) == 111'222'333);
    CHECK(worker.count(Counter::migrations) == 9);
    CHECK(worker.count(Counter::cancelled_write_bytes) == 7);
    REQUIRE(capture.cgroups.size() == 1);
    CHECK(capture.cgroups[0].values.at("cpu.stat.usage_usec") == 77);
}

TEST_CASE("threads that end between being listed and being read are counted and not an error") {
    const MadeProc proc;
    proc.add(10, {.tid = 10});
    proc.add(10, {.tid = 11});
    proc.remove("10/task/11/stat");
    proc.write("20/comm", "all gone\n");
    const auto capture = capture_of(proc);
    REQUIRE(capture.threads.size() == 1);
    CHECK(capture.report.vanished == 2);
}

TEST_CASE("files that cannot be read leave their counters out, and the report says of how many threads") {
    const MadeProc proc;
    proc.add(10, {.tid = 10});
    proc.add(10, {.tid = 11});
    proc.remove("10/task/10/sched");
    proc.remove("10/task/11/sched");
    proc.write("10/task/11/io", "");
    const auto capture = capture_of(proc);
    REQUIRE(capture.threads.size() == 2);
    CHECK(capture.report.absent == std::map<std::string, std::uint64_t>{{"sched", 2}, {"io", 1}});
    CHECK(capture.report.vanished == 0);
    CHECK_FALSE(capture.threads[0].values.at(static_cast<std::size_t>(Counter::migrations)).has_value());
    CHECK(capture.threads[0].count(Counter::migrations) == 0);
    CHECK(capture.threads[0].count(Counter::read_chars) == 1);
}

TEST_CASE("threads beyond the limit are counted and left out") {
    const MadeProc proc;
    for (int tid = 10; tid < 20; ++tid) proc.add(10, {.tid = tid});
    const auto capture = capture_of(proc, 4);
    CHECK(capture.threads.size() == 4);
    CHECK(capture.report.left_out == 6);
}

TEST_CASE("what is no /proc is an error that names it") {
    CaptureOptions options;
    options.proc = "/nonexistent";
    const auto capture = take_capture(options);
    REQUIRE_FALSE(capture.ok());
    CHECK(capture.error().message.find("/nonexistent") != std::string::npos);
}

TEST_CASE("this machine's own /proc has this very thread, with numbers that only grow") {
    const auto own = [] {
        const auto capture = take_capture({});
        REQUIRE(capture.ok());
        const auto found = std::find_if(capture->threads.begin(), capture->threads.end(), [](const Thread& thread) {
            return thread.pid == ::getpid() && thread.tid == static_cast<int>(::syscall(SYS_gettid));
        });
        REQUIRE(found != capture->threads.end());
        return *found;
    };
    const Thread first = own();
    const Thread second = own();
    CHECK(first.uid == ::getuid());
    CHECK(first.start_time_ns == second.start_time_ns);
    CHECK(first.thread == "ctprof_test");
    CHECK_FALSE(first.cpus_allowed.empty());
    CHECK(first.count(Counter::run_time_ns) > 0);
    CHECK(second.count(Counter::run_time_ns) > first.count(Counter::run_time_ns));
    for (const auto& info : counters) CHECK(second.count(info.counter) >= first.count(info.counter));
}
