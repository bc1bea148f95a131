// SPDX-License-Identifier: GPL-2.0-only
#include "interp/lua/parse.h"

#include <catch2/catch_test_macros.hpp>

namespace ktstr::test {

using lua::parse_lua;

TEST_CASE("a well formed chunk has no problem, and is not run") {
    CHECK_FALSE(parse_lua("claim('x'):equals(1, 1)", "a.ktl", 1));
    CHECK_FALSE(parse_lua("", "a.ktl", 1));
    CHECK_FALSE(parse_lua("while true do end", "a.ktl", 1));
    CHECK_FALSE(parse_lua("error('not run')", "a.ktl", 1));
}

TEST_CASE("a syntax error has the line of the .ktl file and no prefix") {
    const auto problem = parse_lua("local a = 1\nlocal b = = 2\n", "a.ktl", 41);
    REQUIRE(problem);
    CHECK(problem->line == 42);
    CHECK(problem->message == "unexpected symbol near '='");
}

TEST_CASE("lines that a syntax error names inside of its text are lines of the .ktl file too") {
    const auto problem = parse_lua("\nif true then\n\n", "a.ktl", 100);
    REQUIRE(problem);
    CHECK(problem->line == 103);
    CHECK(problem->message == "'end' expected (to close 'if' at line 101) near <eof>");
}

TEST_CASE("a long file name does not leave its rest in the message") {
    const std::string name(200, 'n');
    const auto problem = parse_lua("x = ", name, 3);
    REQUIRE(problem);
    CHECK(problem->line == 3);
    CHECK(problem->message == "unexpected symbol near <eof>");
}

TEST_CASE("precompiled Lua is refused, also behind a line end") {
    CHECK(parse_lua("\x1bLuaT\0\x19\x93", "a.ktl", 5)->message == "this is precompiled Lua; only its source is taken");
    CHECK(parse_lua("\n\x1bLuaT", "a.ktl", 5)->line == 6);
    CHECK(parse_lua(std::string_view("\0\0", 2), "a.ktl", 5));
}

TEST_CASE("a chunk has a largest size") {
    const std::string largest(lua::max_chunk_bytes, ' ');
    CHECK_FALSE(parse_lua(largest, "a.ktl", 1));
    const auto problem = parse_lua(largest + " ", "a.ktl", 7);
    REQUIRE(problem);
    CHECK(problem->line == 7);
    CHECK(problem->message == "the Lua is 65537 bytes long; the most is 65536");
}

TEST_CASE("nesting without end is a syntax error") {
    for (const char* part :
         {"(", "{", "if x then ", "function f() ", "x = -", "x = not ", "while x do ", "a.b(", "[=["}) {
        std::string chunk;
        while (chunk.size() + 20 < lua::max_chunk_bytes) chunk += part;
        INFO(part);
        CHECK(parse_lua(chunk, "a.ktl", 1));
    }
}

TEST_CASE("tens of thousands of labels and gotos are read") {
    std::string labels;
    for (int i = 0; labels.size() + 40 < lua::max_chunk_bytes; ++i)
        labels += "goto l" + std::to_string(i) + " ::l" + std::to_string(i) + "::\n";
    CHECK_FALSE(parse_lua(labels, "a.ktl", 1));
}

TEST_CASE("a line number that nobody has is read as the first line") {
    CHECK(parse_lua("x = ", "a.ktl", 0)->line == 1);
    CHECK(parse_lua("x = ", "a.ktl", -7)->line == 1);
    CHECK(parse_lua("x = ", "a.ktl", 1'000'000)->line == 1'000'000);
}

} // namespace ktstr::test
