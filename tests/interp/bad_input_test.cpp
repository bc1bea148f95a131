// SPDX-License-Identifier: GPL-2.0-only
// Files that no editor wrote: each gets a message, none a crash.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "base/file.h"
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
    const std::string hint = "hint: it is UTF-16; convert it: iconv -f utf-16 -t utf-8";
    for (const auto& text :
         {std::string("\xFF\xFEs\0c\0", 6), std::string("\xFE\xFF\0s\0c", 6), std::string("s\0c\0", 4)}) {
        const auto result = compile_text(text);
        CHECK((codes(result) == "E0103" || codes(result) == "E0104"));
        CHECK(rendered(result).find(hint) != std::string::npos);
    }
    CHECK(rendered(compile_text("# caf\xE9\n" + good)).find("iconv -f latin1") != std::string::npos);
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

TEST_CASE("a folder, a link in a circle, a device and a file without permission say what they are") {
    const auto folder = TemporaryDirectory::create("ktstr-bad");
    REQUIRE(folder.ok());
    std::filesystem::create_symlink("b.ktl", folder->path() / "a.ktl");
    std::filesystem::create_symlink("a.ktl", folder->path() / "b.ktl");
    std::filesystem::create_directory(folder->path() / "folder.ktl");
    const auto circle = compile_paths({folder->path() / "a.ktl"}, {});
    REQUIRE_FALSE(circle.ok());
    CHECK(circle.error().message.find("symbolic links") != std::string::npos);
    const auto empty = compile_paths({folder->path() / "folder.ktl"}, {});
    REQUIRE_FALSE(empty.ok());
    CHECK(empty.error().message.find("there is no .ktl file in") == 0);
    REQUIRE(write_file(folder->path() / "user.ktl", "use \"./folder.ktl\"\nuse \"./a.ktl\"\n" + good).ok());
    const auto result = compile_paths({folder->path() / "user.ktl"}, {});
    REQUIRE(result.ok());
    CHECK(codes(*result) == "E0201 E0201");
    CHECK(rendered(*result).find("\"./folder.ktl\" is a folder") != std::string::npos);
}

TEST_CASE("a file of links in circles below a folder is one message, and the others still compile") {
    const auto folder = TemporaryDirectory::create("ktstr-bad");
    REQUIRE(folder.ok());
    std::filesystem::create_symlink("loop.ktl", folder->path() / "loop.ktl");
    REQUIRE(write_file(folder->path() / "good.ktl", good).ok());
    const auto result = compile_paths({folder->path()}, {});
    REQUIRE(result.ok());
    CHECK(codes(*result) == "E0101");
    CHECK(rendered(*result).find("Too many levels of symbolic links") != std::string::npos);
    CHECK(result->scenarios.size() == 1);
}

TEST_CASE("a file that was there when the folder was listed and is gone when it is read is one message") {
    Diagnostics diagnostics;
    CHECK(syntax::read_source("/nowhere/gone.ktl", "gone.ktl", "gone.ktl", diagnostics) == nullptr);
    const auto said = diagnostics.take();
    REQUIRE(said.size() == 1);
    CHECK(said[0].code == Code::unreadable_file);
    CHECK(said[0].message == "No such file or directory");
}

TEST_CASE("a file of exactly the largest size is read, one byte more is not") {
    const std::string comment(syntax::max_source_bytes - good.size(), '#');
    CHECK(codes_of(good + comment).empty());
    CHECK(codes_of(good + comment + "#") == "E0102");
}

TEST_CASE("megabytes on one line are parsed and complained about") {
    std::string ops;
    for (int i = 0; i < 40'000; ++i) ops += "freeze a unfreeze a ";
    const std::string begin = "scenario \"t\" { backdrop { cgroup a { workers 1 of spin_wait } } step { ";
    CHECK(codes_of(begin + ops + "} }").empty());
    const auto result = compile_text(begin + ops + "freeze b } }");
    CHECK(codes(result) == "E0501");
    CHECK(rendered(result).size() < 1000);
}

TEST_CASE("Lua blocks, their brackets in comments and strings, and those that never end are told apart") {
    CHECK(codes_of("# lua [[\n" + good).empty());
    CHECK(codes_of("let a = \"lua [[\"\nlet b = 1").empty());
    CHECK(codes_of("scenario \"t\" { cgroup a { workers 1 of spin_wait } check \"c\" lua [[ ((((\"{ ]] }\n")
              .find("E0105") == std::string::npos);
    CHECK(codes_of("scenario \"t\" { cgroup a { workers 1 of spin_wait } check \"c\" lua [[ return 1 }\n") == "E0113");
    CHECK(codes_of("scenario \"t\" { cgroup a { workers 1 of spin_wait } check \"c\" lua [=[ ]] }\n") == "E0113");
}

TEST_CASE("a million brackets that begin a Lua block and never end it are read once, not over and over") {
    for (const std::string text : {"lua [[ ", "lua [=[ ", "lua [[ ]=] ", "work [[\n", "check \"x\" lua [[ ]\n"}) {
        INFO(text);
        CHECK_FALSE(compile_text(repeated(text, 1'000'000)).diagnostics.empty());
    }
    std::string levels;
    for (int i = 0; i < 2000; ++i) levels += "lua [" + std::string(static_cast<std::size_t>(i), '=') + "[ ";
    CHECK_FALSE(compile_text(levels).diagnostics.empty());
}

TEST_CASE("every corner of ${...} in a string is a value or a message") {
    CHECK(codes_of("let a = \"${") == "E0110");
    CHECK(codes_of("let a = \"${}\"") == "E0110");
    CHECK(codes_of("let a = \"${1\"\n") == "E0113");
    CHECK(codes_of("let a = \"${1") == "E0110");
    CHECK(codes_of("let a = \"${\"${\"${1}\"}\"}\"").empty());
    CHECK(codes_of("let a = \"$ {1} $1 $$ \\${1}\"").empty());
    CHECK(codes_of("let a = \"${{b: 1}}\"").empty());
    CHECK(codes_of("let a = \"" + repeated("${\"", 100'000)).find("E0") == 0);
    CHECK(codes_of("let a = \"" + repeated("${1}", 100'000) + "\"") == "E0304");
}

TEST_CASE("chains of not, else if, minus signs, dots and operators end in a message, not in the stack") {
    const std::string before = "scenario \"t\" { cgroup a { workers 1 of spin_wait } ";
    CHECK(codes_of(before + "expect { " + repeated("not ", 100'000) + "gap <= 2s } }").find("E0105") == 0);
    CHECK(codes_of(before + "expect { " + repeated("always ", 100'000) + "gap <= 2s } }").find("E0105") == 0);
    CHECK(codes_of(before + repeated("if false { } else ", 100'000) + "{ } }").find("E0105") == 0);
    CHECK(
        codes_of(before + "expect { " + repeated("monitor.load > 1 until ", 100'000) + "gap <= 2s } }").find("E0105") ==
        0);
    CHECK(codes_of("let a = " + repeated("-", 100'000) + "1").find("E0") == 0);
    CHECK(codes_of("let a = b" + repeated(".b", 100'000)).find("E0") == 0);
    CHECK(codes_of(before + "if false { let x = b" + repeated(".b", 63) + " } }") == "E0203");
    CHECK(codes_of("let a = true" + repeated(" and true", 10'000)).empty());
    CHECK(codes_of("let a = [" + repeated("1, ", 100'000) + "1]") == "E0210");
}

TEST_CASE("lists that double with every line and loops without an end in sight are stopped") {
    std::string lists = "let a0 = [1, 2]\n";
    for (int i = 1; i < 60; ++i)
        lists += "let a" + std::to_string(i) + " = [a" + std::to_string(i - 1) + ", a" + std::to_string(i - 1) + "]\n";
    CHECK(codes_of(lists) == "E0210");
    const std::string before = "scenario \"t\" { cgroup a { workers 1 of spin_wait } ";
    CHECK(codes_of(before + "for i in 0..9999 { for j in 0..9999 { for k in 0..9999 { } } } }") == "E0210");
    CHECK(codes_of(before + "for i in 0..9 { for j in 0..999 { let x = indices(9999) } } }").find("E0210") == 0);
}

TEST_CASE("a name as long as a file is cut in messages") {
    const auto result = compile_text("let a = " + std::string(4'000'000, 'x'));
    CHECK(codes(result) == "E0203");
    CHECK(rendered(result).size() < 3000);
}

TEST_CASE("a hundred thousand unknown names among a hundred thousand known ones are told within the bound") {
    std::string text;
    for (int i = 0; i < 30'000; ++i) {
        const std::string n = std::to_string(i);
        text += "let known_name_" + n + " = unknown_nam_" + n + "\n";
    }
    const auto result = compile_text(text);
    CHECK(result.diagnostics.size() == 101);
    CHECK(result.diagnostics.back().code == Code::too_many_errors);
}

TEST_CASE("ten thousand scenarios compile") {
    std::string text;
    for (int i = 0; i < 10'000; ++i)
        text += "scenario \"s" + std::to_string(i) + "\" { cgroup a { workers 1 of spin_wait } }\n";
    CHECK(compile_text(text).scenarios.size() == 10'000);
}

} // namespace ktstr::test
