// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/text.h"

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string>

using namespace ktstr::scx;

namespace {

ktstr_exit_info exit_info(unsigned int kind, const char* reason, const char* message, const char* dump) {
    ktstr_exit_info info{};
    info.kind = kind;
    std::strcpy(info.reason, reason);
    std::strcpy(info.message, message);
    std::strcpy(info.dump, dump);
    return info;
}

} // namespace

TEST_CASE("a short verifier log is shown whole") { CHECK(ends_of("one\ntwo\n", 10, 10) == "one\ntwo\n"); }

TEST_CASE("of a huge verifier log the first and the last lines are shown, whole, and how much is missing") {
    std::string log = "first\n";
    for (int i = 0; i < 1000; i++) log += "the body of the loop\n";
    log += "the reason\n";
    const std::string shown = ends_of(log, 30, 40);
    CHECK(shown.starts_with("first\nthe body"));
    CHECK(shown.ends_with("the reason\n"));
    CHECK(shown.size() < 200);
    const std::size_t mark = shown.find("[... ");
    REQUIRE(mark != std::string::npos);
    CHECK(shown[mark - 1] == '\n');
    const std::size_t missing = std::stoul(shown.substr(mark + 5));
    const std::size_t mark_end = shown.find('\n', mark) + 1;
    CHECK(log.size() == missing + mark + (shown.size() - mark_end));
}

TEST_CASE("a log without line ends is still bounded") {
    CHECK(ends_of(std::string(100000, 'x'), 100, 100).size() < 300);
}

TEST_CASE("the verifier's reason is its last line before the statistics") {
    CHECK(verifier_reason("0: (79) r1 = 0\nR0 invalid mem access 'scalar'\nprocessed 14 insns (limit 1000000)\n\n") ==
          "R0 invalid mem access 'scalar'");
    CHECK(verifier_reason("last line without an end") == "last line without an end");
    CHECK(verifier_reason("\n\n") == "its log gives no reason");
    CHECK(verifier_reason("processed 14 insns\n") == "its log gives no reason");
}

TEST_CASE("the end is told in the line that sched_ext schedulers print, after the kernel's dump") {
    CHECK(exit_text(exit_info(64, "unregistered from user space", "", "")) == "EXIT: unregistered from user space\n");
    const std::string stall = exit_text(exit_info(1026, "runnable task stall", "a[1] failed to run for 2s", "CPU 0"));
    CHECK(stall.starts_with("DEBUG DUMP\n"));
    CHECK(stall.find("CPU 0") != std::string::npos);
    CHECK(stall.ends_with("EXIT: runnable task stall (a[1] failed to run for 2s)\n"));
}

TEST_CASE("only an end that nobody asked for counts as ejected") {
    CHECK_FALSE(ejected(exit_info(0, "", "", "")));
    CHECK_FALSE(ejected(exit_info(64, "unregistered from user space", "", "")));
    CHECK(ejected(exit_info(67, "disabled by sysrq-S", "", "")));
    CHECK(ejected(exit_info(1025, "scx_bpf_error", "", "")));
}
