// SPDX-License-Identifier: GPL-2.0-only
#include "guest/kernel_log.h"

#include <catch2/catch_test_macros.hpp>

#include "guest/event_loop.h"
#include "guest/kernel_file.h"

using namespace ktstr::guest;

TEST_CASE("a kmsg record gives its text without prefix and dictionary") {
    CHECK(kmsg_text("6,339,5140900,-;NET: Registered PF_INET6; family\n SUBSYSTEM=net\n") ==
          "NET: Registered PF_INET6; family");
    CHECK(kmsg_text("nonsense").empty());
}

TEST_CASE("the kernel's reason is its last disable line with what explains it") {
    CHECK(
        sched_ext_reason({"sched_ext: BPF scheduler \"x\" enabled", "something else",
                          "sched_ext: BPF scheduler \"x\" disabled (runnable task stall)",
                          "sched_ext: x: spin[12] failed to run for 2.0s", "   scx_watchdog_workfn+0x12/0x40",
                          "random: crng reseeded"}) ==
        "sched_ext: BPF scheduler \"x\" disabled (runnable task stall)\nsched_ext: x: spin[12] failed to run for 2.0s\n"
        "   scx_watchdog_workfn+0x12/0x40");
}

TEST_CASE("of several detaches only the last one counts") {
    CHECK(sched_ext_reason({"sched_ext: BPF scheduler \"x\" disabled (unregistered from user space)",
                            "sched_ext: BPF scheduler \"y\" disabled (runtime error)"}) ==
          "sched_ext: BPF scheduler \"y\" disabled (runtime error)");
}

TEST_CASE("without a disable line the reason is what sched_ext complained of, or nothing") {
    CHECK(sched_ext_reason({"sched_ext: ops.flags is wrong", "  unrelated+0x1/0x2"}) ==
          "sched_ext: ops.flags is wrong");
    CHECK(sched_ext_reason({"sched_ext: BPF scheduler \"x\" enabled", "usb: hello"}).empty());
}

TEST_CASE("a flat keyed file is looked up by whole keys") {
    const std::string events = "low 0\noom 3\noom_kill 2\n";
    CHECK(keyed_value(events, "oom") == 3U);
    CHECK(keyed_value(events, "oom_kill") == 2U);
    CHECK(!keyed_value(events, "kill"));
    CHECK(!keyed_value("frozen", "frozen"));
    CHECK(!keyed_value("frozen x", "frozen"));
}

TEST_CASE("log text is made valid UTF-8 without touching what is valid") {
    CHECK(valid_utf8("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa7") == "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa7");
    CHECK(valid_utf8("a\xff\xc3 b") == "a?? b");
    CHECK(valid_utf8("\xc0\xaf") == "??");      // overlong
    CHECK(valid_utf8("\xed\xa0\x80") == "???"); // a surrogate
    CHECK(valid_utf8("cut \xe2\x82") == "cut ??");
}
