// SPDX-License-Identifier: GPL-2.0-only
// Files that no editor wrote: each gets a message, none a crash.
#include <catch2/catch_test_macros.hpp>

#include "interp/syntax/read_source.h"
#include "tests/interp/compile_help.h"

namespace ktstr::test {

namespace {

const std::string good = "scenario \"t\" {\n  cgroup a { workers 1 of spin_wait }\n}\n";

std::string repeated(const std::string& text, int times) {
    std::string result;
    for (int i = 0; i < times; ++i) result += text;
    return result;
}

} // namespace

TEST_CASE("a NUL byte, broken UTF-8 and a UTF-16 file are refused with their place") {
    const auto nul = compile_text(good + std::string("# \0 end\n", 8));
    CHECK(rendered(nul).find("test.ktl:4:3: error[E0104]: the file holds a NUL byte") != std::string::npos);
    CHECK(codes_of("# caf\xE9\n" + good) == "E0103");
    CHECK(codes_of("# \xC0\xAF\n" + good) == "E0103");
    CHECK(codes_of("# \xED\xA0\x80\n" + good) == "E0103");
    CHECK(codes_of("# \xF4\x90\x80\x80\n" + good) == "E0103");
    CHECK(codes_of("# \xE2\x82") == "E0103");
    CHECK(codes_of(std::string("\xFF\xFEs\0c\0", 6)) == "E0103");
}

TEST_CASE("a byte order mark, CRLF line ends, tabs and other people's letters are fine") {
    CHECK(codes_of("\xEF\xBB\xBF" + good).empty());
    CHECK(codes_of("scenario \"t\" {\r\n\tcgroup a { # gr\xC3\xBC\xC3\x9F\r\n\tworkers 1 of spin_wait }\r\n}\r\n")
              .empty());
    CHECK(plan_of("scenario \"gr\xC3\xBC\xC3\x9F\" { cgroup a { workers 1 of spin_wait } }").scenario ==
          "gr\xC3\xBC\xC3\x9F");
}

TEST_CASE("an empty file and one of comments alone have no scenarios and no faults") {
    CHECK(codes_of("").empty());
    CHECK(codes_of("# nothing").empty());
    CHECK(codes_of("\n\n  \t\r\n").empty());
}

TEST_CASE("brackets of every kind nested a million deep are refused before they are parsed") {
    CHECK(codes_of("let a = " + std::string(1'000'000, '(')) == "E0105");
    CHECK(codes_of("let a = " + std::string(1'000'000, '[')) == "E0105");
    CHECK(codes_of(repeated("cgroup a { ", 100'000)) == "E0105");
    CHECK(codes_of("let a = " + std::string(60, '(') + "1" + std::string(60, ')')).empty());
    CHECK(codes_of("# " + std::string(1000, '(') + "\nlet a = \"" + std::string(1000, '(') + "\"").empty());
}

TEST_CASE("a file over the limit is refused by its size") {
    const auto result = compile_text(std::string(10'000'000, '#'));
    CHECK(codes(result) == "E0102");
    CHECK(rendered(result).find("the file has 10000000 bytes") != std::string::npos);
}

TEST_CASE("a long file of rubbish ends with a bounded number of messages") {
    for (const std::string rubbish :
         {"{", "}", "x ", "\"", "scenario ", "workers 1 of ", ")", "1.5ms ", "\\", "@\n", "scenario \"a\" { @ }\n"}) {
        INFO(rubbish);
        const auto result = compile_text(repeated(rubbish, 20'000));
        CHECK(result.scenarios.empty());
        CHECK_FALSE(result.diagnostics.empty());
        CHECK(result.diagnostics.size() <= 101);
        CHECK(rendered(result).size() < 100'000);
    }
}

TEST_CASE("every beginning of a good file is either good or explained") {
    const std::string text =
        "use std.workloads\nlet n = 2 * 3\nwork w = bursty(burst: 5ms) nice 5 # note\n"
        "scenario \"t\" {\n  step \"s\" for 40% { cgroup a/b { cpuset 0-1  workers n of w as \"x\" } }\n"
        "  expect { spread(a/b) <= 15%  error contains \"x\\n\" }\n}\n";
    for (std::size_t length = 0; length <= text.size(); ++length) {
        const auto result = compile_text(text.substr(0, length));
        for (const auto& diagnostic : result.diagnostics) {
            CHECK(diagnostic.begin <= length);
            CHECK(diagnostic.end <= length + 1);
            CHECK_FALSE(diagnostic.message.empty());
        }
    }
}

TEST_CASE("a missing letter anywhere gives a message or another plan, never a crash") {
    const std::string text =
        "let n = 2\nscenario \"t\" { topology 1n2l4c1t cgroup a { cpuset 0-3,7 workers n of bursty(burst: 5ms) } }\n";
    for (std::size_t i = 0; i < text.size(); ++i) (void)compile_text(text.substr(0, i) + text.substr(i + 1));
    SUCCEED();
}

TEST_CASE("ten thousand scenarios compile") {
    std::string text;
    for (int i = 0; i < 10'000; ++i)
        text += "scenario \"s" + std::to_string(i) + "\" { cgroup a { workers 1 of spin_wait } }\n";
    CHECK(compile_text(text).scenarios.size() == 10'000);
}

} // namespace ktstr::test
