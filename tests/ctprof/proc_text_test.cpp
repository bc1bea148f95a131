// SPDX-License-Identifier: GPL-2.0-only
#include "ctprof/proc_text.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/ctprof/made_proc.h"

using namespace ktstr::ctprof;
using namespace ktstr::ctprof::test;

TEST_CASE("a thread's name may have blanks, parentheses, newlines and what looks like the rest of the line") {
    for (const std::string name : {"plain", "two words", "a) S 1 (b", ")", "((", "line\nbreak", "x) R 9 9 9 9 9", ""}) {
        Thread thread;
        MadeStat stat;
        stat.comm = name;
        REQUIRE(parse_stat(stat.text(), 100, thread));
        CHECK(thread.thread == name);
        CHECK(thread.state == 'S');
        CHECK(thread.ppid == 1);
    }
}

TEST_CASE("stat has times in ticks, faults, priorities and where the thread ran last") {
    Thread thread;
    REQUIRE(parse_stat(MadeStat{}.text(), 100, thread));
    CHECK(thread.count(Counter::minor_faults) == 700);
    CHECK(thread.count(Counter::major_faults) == 3);
    CHECK(thread.count(Counter::user_ns) == 2'500'000'000);
    CHECK(thread.count(Counter::system_ns) == 500'000'000);
    CHECK(thread.start_time_ns == 12'340'000'000);
    CHECK(thread.priority == 20);
    CHECK(thread.nice == 0);
    CHECK(thread.cpu == 2);
    CHECK(thread.policy == "normal");
    CHECK_FALSE(thread.kernel_thread);
    CHECK(parse_start_time(MadeStat{}.text(), 100) == 12'340'000'000);
}

TEST_CASE("a kernel thread is known by its flags") {
    Thread thread;
    MadeStat stat;
    stat.flags = 0x200000 | 0x40;
    REQUIRE(parse_stat(stat.text(), 100, thread));
    CHECK(thread.kernel_thread);
}

TEST_CASE("a stat that is cut off anywhere is refused") {
    const std::string text = MadeStat{}.text();
    const std::size_t policy = text.find(" 17 2 0 0") + 8; // field 41 ends there
    for (std::size_t size = 0; size < policy; ++size) {
        Thread thread;
        CHECK_FALSE(parse_stat(text.substr(0, size), 100, thread));
    }
}

TEST_CASE("what a name says in the text of sched is not taken for a number") {
    Thread thread;
    const std::string text = "x\nse.nr_migrations : 666\n------ (10, #threads: 1)\n" + std::string(67, '-') +
                             "\nnr_wakeups : 5\nwait_sum : 1.000002\nsum_block_runtime : -1.000000\n"
                             "se.statistics.wait_count : 8\niowait_sum : 18446744073709551615.000000\n";
    REQUIRE(parse_sched(text, thread));
    CHECK_FALSE(thread[Counter::migrations].has_value());
    CHECK(thread.count(Counter::wakeups) == 5);
    CHECK(thread.count(Counter::wait_ns) == 1'000'002);
    CHECK(thread.count(Counter::wait_count) == 8);
    CHECK_FALSE(thread[Counter::block_ns].has_value()); // of clocks that disagree
    CHECK_FALSE(thread[Counter::iowait_ns].has_value());
    CHECK_FALSE(parse_sched("x (10, #threads: 1)\nnr_wakeups : 5\n", thread));
}

TEST_CASE("status has the ids, where the thread may run and its switches, and its name says nothing") {
    Thread thread;
    REQUIRE(parse_status("Name:\tUid: 5\nUid:\t1\t2\t3\t4\nGid:\t6\t7\t8\t9\nCpus_allowed_list:\t0,2-3\n"
                         "voluntary_ctxt_switches:\t10\nnonvoluntary_ctxt_switches:\t11\n",
                         thread));
    CHECK(thread.uid == 1);
    CHECK(thread.gid == 6);
    CHECK(thread.cpus_allowed == "0,2-3");
    CHECK(thread.count(Counter::voluntary_switches) == 10);
    CHECK(thread.count(Counter::involuntary_switches) == 11);
    CHECK_FALSE(parse_status("Name:\tx\n", thread));
}

TEST_CASE("schedstat and io that are not whole are refused") {
    Thread thread;
    CHECK(parse_schedstat("1 2 3\n", thread));
    CHECK_FALSE(parse_schedstat("1 2\n", thread));
    CHECK_FALSE(parse_schedstat("", thread));
    CHECK_FALSE(parse_schedstat("1 -2 3", thread));
    CHECK(parse_io("rchar: 12\n", thread));
    CHECK(thread.count(Counter::read_chars) == 12);
    CHECK_FALSE(parse_io("something else\n", thread));
}

TEST_CASE("only the line of cgroup v2 names the cgroup") {
    CHECK(parse_cgroup("12:cpu:/v1\n1:name=systemd:/other\n0::/a b/c\n") == "/a b/c");
    CHECK(parse_cgroup("0::/gone (deleted)\n") == "/gone");
    CHECK_FALSE(parse_cgroup("12:cpu:/v1\n").has_value());
}

TEST_CASE("maps gives files with their place, under names with blanks too") {
    const auto mappings = parse_maps("55d0c0000000-55d0c0001000 r--p 00000000 fd:01 1234   /usr/bin/a b (deleted)\n"
                                     "55d0c0001000-55d0c0002000 r-xp 00001000 fd:01 1234   /usr/bin/a b (deleted)\n"
                                     "7ffc00000000-7ffc00001000 rw-p 00000000 00:00 0      [stack]\n"
                                     "garbage\n");
    REQUIRE(mappings.size() == 2);
    CHECK(mappings[0].path == "/usr/bin/a b (deleted)");
    CHECK(mappings[0].start == 0x55d0c0000000);
    CHECK(mappings[0].device == ((0xfdULL << 32U) | 1));
    CHECK(mappings[0].inode == 1234);
    CHECK_FALSE(mappings[0].executable);
    CHECK(mappings[1].executable);
    CHECK(mappings[1].offset == 0x1000);
    CHECK(mappings[1].map_file == "55d0c0001000-55d0c0002000");
}

TEST_CASE("a cgroup's files are one number, or a number for each key") {
    std::map<std::string, std::uint64_t> values;
    add_values("usage_usec 12\nuser_usec 7\nnonsense\n", "cpu.stat", values);
    add_values("4096\n", "memory.current", values);
    add_values("max\n", "memory.peak", values);
    CHECK(values == std::map<std::string, std::uint64_t>{
                        {"cpu.stat.usage_usec", 12}, {"cpu.stat.user_usec", 7}, {"memory.current", 4096}});
}
