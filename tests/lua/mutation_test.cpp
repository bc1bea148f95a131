// SPDX-License-Identifier: GPL-2.0-only
// Chunks with random damage: whatever they do, they end, with a reason.
#include <catch2/catch_test_macros.hpp>
#include <iterator>
#include <random>
#include <vector>

#include "interp/lua/parse.h"
#include "tests/lua/sample.h"

namespace ktstr::test {

namespace {

std::vector<std::string> seeds() {
    std::vector<std::string> chunks{
        "local t = {} for i = 1, 50 do t[i] = i * 2 end table.sort(t, function(a, b) return a > b end)\n"
        "claim('sorted'):equals(t[1], 100)",
        "local s = ('k=v; '):rep(20) for k, v in s:gmatch('(%w+)=(%w+)') do claim(k):equals(v, 'v') end",
        "local function f(n) if n == 0 then return 1 end return n * f(n - 1) end claim('f'):equals(f(10), 3628800)"};
    const auto reference = lua_reference();
    for (auto at = reference.find("```lua\n"); at != std::string::npos; at = reference.find("```lua\n", at + 7))
        chunks.push_back(reference.substr(at + 7, reference.find("```", at + 7) - at - 7));
    return chunks;
}

constexpr const char* words[] = {"nil",
                                 "(",
                                 ")",
                                 "[",
                                 "]",
                                 "{",
                                 "}",
                                 "end",
                                 "do ",
                                 "while true do ",
                                 "function() ",
                                 "1e999",
                                 "0x7fffffffffffffff",
                                 "-",
                                 "..",
                                 "...",
                                 "#",
                                 "'",
                                 "[[",
                                 "goto x",
                                 "::x::",
                                 "return ",
                                 "run",
                                 ":",
                                 ".",
                                 "=",
                                 "==",
                                 "local ",
                                 "\0",
                                 "\xff",
                                 "pcall(",
                                 "error(",
                                 "string.rep",
                                 ":rep(1e9)",
                                 "math.huge",
                                 "0/0",
                                 "<close>",
                                 "for k in pairs(",
                                 "or ",
                                 "not ",
                                 ",",
                                 "\n"};

std::string damaged(std::string chunk, const std::vector<std::string>& all, std::mt19937& random) {
    for (auto count = 1 + random() % 4; count > 0; --count) {
        const auto at = random() % (chunk.size() + 1);
        const auto size = std::min<std::size_t>(random() % 20, chunk.size() - at);
        const auto& other = all[random() % all.size()];
        const auto from = random() % other.size();
        switch (random() % 5) {
        case 0: chunk.erase(at, size); break;
        case 1: chunk.insert(at, words[random() % std::size(words)]); break;
        case 2: chunk.insert(at, other.substr(from, random() % 40)); break;
        case 3: chunk.replace(at, size, words[random() % std::size(words)]); break;
        default:
            if (at < chunk.size()) chunk[at] = static_cast<char>(random());
        }
    }
    return chunk;
}

} // namespace

TEST_CASE("10,000 damaged chunks end in order") {
    const auto all = seeds();
    std::mt19937 random(20'26);
    int ran = 0;
    for (int i = 0; i < 10'000; ++i) {
        const auto chunk = damaged(all[random() % all.size()], all, random);
        const auto problem = lua::parse_lua(chunk, "t.ktl", 10);
        const auto outcome = check(chunk, {200'000, std::size_t{4} << 20U, 60'000});
        INFO(chunk << "\n" << ending(outcome));
        if (problem) {
            REQUIRE(outcome.status == lua::CheckOutcome::Status::error);
            REQUIRE(outcome.reason == problem->message);
        } else {
            ++ran;
        }
        REQUIRE((outcome.reason.empty() == (outcome.status == lua::CheckOutcome::Status::passed)));
        REQUIRE((outcome.line == 0 || outcome.line >= 10));
    }
    CHECK(ran > 1000);
}

} // namespace ktstr::test
