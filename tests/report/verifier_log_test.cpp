// SPDX-License-Identifier: GPL-2.0-only
#include "report/verifier_log.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <random>

#include "base/file.h"

namespace ktstr::report {

namespace {

std::string turn(int at, const std::string& more = "") {
    return "from 9 to 7: R1=" + std::to_string(at) + " R10=fp0\n7: (79) r2 = *(u64 *)(r6 +" +
           "0)   ; R2_w=scalar(id=" + std::to_string(at) +
           ")\n8: (07) r1 += 1                      ; R1_w=" + std::to_string(at + 1) + "\n" + more +
           "9: (55) if r1 != 0x20 goto pc-3\n";
}

std::string turns(int count, const std::string& more = "") {
    std::string text;
    for (int i = 0; i < count; ++i) text += turn(i, more);
    return text;
}

std::string stored(const char* name) {
    const auto text = read_file(std::filesystem::path(KTSTR_GOLDEN) / name);
    REQUIRE(text.ok());
    return *text;
}

std::size_t lines_in(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

TEST_CASE("of a loop the first and the last turn are kept, with the number of turns between them") {
    const std::string before = "0: R1=ctx() R10=fp0\n0: (b7) r1 = 0 ; R1_w=0\n";
    const std::string after = "10: (79) r0 = *(u64 *)(r2 +0)\nR2 invalid mem access 'scalar'\n";
    CHECK(collapse_loops(before + turns(32) + after) ==
          before + turn(0) + "    [30 more turns of the same loop, instructions 7 to 9; the last of 32:]\n" + turn(31) +
              after);
}

TEST_CASE("a log without loops stays as it is") {
    const std::string log = "0: R1=ctx() R10=fp0\n0: (b7) r1 = 0\n1: (b7) r2 = 0\n2: (b7) r3 = 0\n3: (95) exit\n";
    CHECK(collapse_loops(log) == log);
    CHECK(collapse_loops("").empty());
    CHECK(collapse_loops("no newline") == "no newline\n");
    CHECK(collapse_loops(turns(2)) == turns(2));
}

TEST_CASE("the same instruction at another place is no turn of a loop") {
    std::string unrolled;
    for (int i = 0; i < 20; ++i) unrolled += std::to_string(i) + ": (07) r1 += 1 ; R1_w=" + std::to_string(i) + "\n";
    CHECK(collapse_loops(unrolled) == unrolled);
}

TEST_CASE("a loop in a loop is left out in both") {
    const std::string inner = "3: (07) r1 += 1 ; R1_w=4\n4: (55) if r1 != 0x8 goto pc-1 ; R1_w=4\n";
    std::string log;
    for (int outer = 0; outer < 10; ++outer) {
        log += "2: (b7) r1 = 0 ; R1_w=0 R7_w=" + std::to_string(outer) + "\n";
        for (int i = 0; i < 5 + outer; ++i) log += inner; // not as many each time
        log += "5: (07) r7 += 1 ; R7_w=" + std::to_string(outer + 1) + "\n";
    }
    const std::string shown = collapse_loops(log);
    CHECK(shown.find("[8 more turns of the same loop, instructions 2 to 5; the last of 10:]") != std::string::npos);
    CHECK(shown.find("[3 more turns of the same loop, instructions 3 to 4; the last of 5:]") != std::string::npos);
    CHECK(shown.find("the last of 14:]") != std::string::npos);
    CHECK(lines_in(shown) == 15);
}

TEST_CASE("a state that stands behind a jump on its line makes no turn of its own") {
    std::string log;
    for (int i = 1; i < 6; ++i)
        log += "15: (07) r3 += 1                      ; R3_w=" + std::to_string(i) +
               "\n16: (79) r0 = *(u64 *)(r2 +0)         ; R0_w=scalar()\n17: (5d) if r3 != r0 goto pc+5 23: " +
               (i % 2 == 0 ? "R0=scalar()" : "R0_w=scalar() R3_w=" + std::to_string(i)) + "\n23: (05) goto pc-9\n";
    const std::string shown = collapse_loops(log);
    CHECK(shown.find("[3 more turns of the same loop, instructions 15 to 23; the last of 5:]") != std::string::npos);
    CHECK(lines_in(shown) == 9);
}

TEST_CASE("lines of the source and other remarks belong to a turn") {
    const std::string more = "; for (u32 at = 0; at < SAMPLES; at++) @ scx.bpf.c:226\nsafe\n";
    CHECK(lines_in(collapse_loops(turns(100, more))) == 13);
}

TEST_CASE("the log of a program that is refused behind a loop is short, and keeps its end") {
    const std::string log = stored("verifier_overrun.log");
    const std::string shown = collapse_loops(log);
    INFO(shown);
    CHECK(shown.find("30 more turns of the same loop") != std::string::npos);
    CHECK(lines_in(shown) * 3 < lines_in(log));
    CHECK(has_verifier_log(log));
    CHECK(verifier_reason(log) ==
          "math between map_value pointer and register with unbounded min value is not allowed");
    CHECK(shown.find(verifier_reason(log)) != std::string::npos);
}

TEST_CASE("what libbpf says names the program and what the verifier has against it") {
    const std::string log = stored("verifier_libbpf.log");
    CHECK(refused_program(log) == "ktstr_select_cpu");
    CHECK(has_verifier_log(log));
    CHECK(verifier_reason(log) == "R0 invalid mem access 'map_value_or_null'");
    CHECK(collapse_loops(log) == log);
    CHECK(refused_program("libbpf: map 'x': failed\n").empty());
    CHECK_FALSE(has_verifier_log("scx_ktstr: fault exit: leaving before the attach\n"));
    CHECK(verifier_reason("no log of it\n").empty());
}

TEST_CASE("collapsing a log leaves out lines of it and changes none, whatever is in it") {
    std::mt19937_64 random(7); // NOLINT(cert-msc51-cpp): the same cases every time
    for (int round = 0; round < 300; ++round) {
        std::string log;
        const auto kinds = 1 + random() % 4;
        for (auto n = random() % 80; n > 0; --n) log += std::to_string(random() % kinds) + ": (07) r1 += 1\n";
        const std::string shown = collapse_loops(log);
        std::size_t left = 0;
        std::size_t at = 0;
        for (std::size_t begin = 0; begin < shown.size();) {
            const std::size_t end = shown.find('\n', begin);
            const std::string line = shown.substr(begin, end + 1 - begin);
            begin = end + 1;
            if (line.starts_with("    [")) continue;
            const std::size_t found = log.find(line, at);
            REQUIRE(found != std::string::npos);
            at = found + line.size();
            ++left;
        }
        CHECK(left <= lines_in(log));
    }
}

TEST_CASE("a log of 16 MiB is collapsed, also where its lines are in no order") {
    std::string loop;
    for (int i = 0; loop.size() < (16U << 20U); ++i) loop += turn(i);
    CHECK(lines_in(collapse_loops(loop)) == 9);
    std::mt19937_64 random(8); // NOLINT(cert-msc51-cpp): the same cases every time
    std::string noise;
    while (noise.size() < (1U << 20U)) noise += std::to_string(random() % 300) + ": (07) r1 += 1\n";
    CHECK(lines_in(collapse_loops(noise)) <= lines_in(noise));
}

} // namespace ktstr::report
