// SPDX-License-Identifier: GPL-2.0-only
// Scripts that want more than they may have: each ends as an error that says of what and where.
#include <catch2/catch_test_macros.hpp>
#include <thread>
#include <vector>

#include "interp/lua/meter.h"
#include "tests/lua/sample.h"

namespace ktstr::test {

namespace {

using Status = lua::CheckOutcome::Status;

constexpr std::size_t memory = std::size_t{96} << 20U;
constexpr std::uint64_t cpu_ms = 600'000; // so that no slow host reaches it
constexpr std::string_view too_long = "runs longer than";
constexpr std::string_view too_much = "of memory that a check may have";
constexpr std::string_view long_string = "a string";

void ends_with(const std::string& chunk, std::string_view reason, std::uint64_t instructions = 5'000'000) {
    const auto outcome = check(chunk, {instructions, memory, cpu_ms});
    INFO(chunk << "\n" << ending(outcome));
    CHECK(outcome.status == Status::error);
    CHECK(outcome.reason.find(reason) != std::string::npos);
}

} // namespace

TEST_CASE("loops without end reach the limit of instructions") {
    ends_with("while true do end", too_long);
    ends_with("::again:: goto again", too_long);
    ends_with("repeat local x = 1 until false", too_long);
    ends_with("for i = 1, math.maxinteger do end", too_long);
    ends_with("for i = 1, 10, 0.0000001 do end", too_long);
    ends_with("local function f() return f() end f()", too_long);
    ends_with("local function f() pcall(f) pcall(f) end f()", too_long);
    ends_with("for k in pairs(run.plan) do while true do end end", too_long);
    ends_with("local t = {1} for k in pairs(t) do t[k] = k while true do t[#t + 1] = nil end end", too_long);
}

TEST_CASE("the limit of instructions is exact enough to be the same every time") {
    const std::string chunk = "local n = 0 for i = 1, 1e9 do n = n + 1 if n % 1000 == 0 then print(n) end end";
    const auto first = check(chunk, {100'000, memory, cpu_ms});
    const auto second = check(chunk, {100'000, memory, cpu_ms});
    CHECK(ending(first) == "error at 10: the check runs longer than the 100000 instructions that a check may have");
    CHECK(first.notes == second.notes);
    CHECK(first.notes.size() > 5);
}

TEST_CASE("work inside of library functions is counted") {
    ends_with("table.move({}, 1, 1e18, 2)", too_long);
    ends_with("table.move({}, 1, math.maxinteger, 2, {})", too_long);
    std::string endless = "local t = {"; // in its hash part alone: #t doubles its guess up to 2^62
    for (int i = 0; i < 63; ++i) endless += "[1 << " + std::to_string(i) + "] = 1, ";
    endless += "} ";
    CHECK(check(endless + "claim('#'):equals(#t, 1 << 62)").status == Status::passed);
    ends_with(endless + "table.insert(t, 1, 0)", too_long);
    ends_with(endless + "table.remove(t, 1)", too_long);
    ends_with(endless + "table.concat(t, '', 1, #t)", too_long);
    ends_with(endless + "table.sort(t)", too_long);
    ends_with("local t = {} for i = 1, 1e5 do t[i] = i end while true do table.insert(t, 1, 0) end", too_long);
    ends_with("local t = {} for i = 1, 1e5 do t[i] = i end while true do table.remove(t, 1) t[#t + 1] = 1 end",
              too_long);
    ends_with("local t = {} for i = 1, 1e5 do t[i] = '' end while true do local s = table.concat(t) end", too_long);
    ends_with("local t = {} for i = 1, 1e5 do t[i] = i end while true do table.unpack(t) end", too_long);
    ends_with("local a = ('a'):rep(1e6) local b = ('a'):rep(1e6) while true do local x = rawequal(a, b) end", too_long);
    ends_with("local a = ('a'):rep(1e6) while true do local x = a:upper() end", too_long);
    ends_with("local a = ('a'):rep(1e6) while true do local x = utf8.len(a) end", too_long);
    ends_with("local a = ('a'):rep(1e6) while true do a:find('ab', 1, true) end", too_long);
    ends_with("while true do run:console() run:workers() run:events() end", too_long);
    ends_with("local t = {} for i = 1, 1e5 do t[i] = i % 7 end while true do table.sort(t) end", too_long);
    ends_with(
        "local t = {} for i = 1, 2e4 do t[i] = i end while true do table.sort(t, function(a, b) return a > b end) end",
        too_long);
    ends_with("local t = {} for i = 1, 1e4 do t[i] = i end while true do for k in pairs(t) do break end end", too_long);
    ends_with("while true do pcall(error) end", too_long);
    ends_with("('x'):rep(1e6):gsub('', function() while true do end end)", too_long);
}

TEST_CASE("functions with more and more arguments are charged for them") {
    ends_with("local function f(...) return f(1, ...) end f()", too_long);
    ends_with("local t = {} for i = 1, 1e5 do t[i] = i end\n"
              "local function f(...) while true do local n = select('#', ...) end end f(table.unpack(t))",
              too_long);
}

TEST_CASE("sorting long equal strings is counted by their bytes") {
    ends_with(
        "local t = {} local a, b = ('a'):rep(1e6), ('a'):rep(1e6) for i = 1, 2e5 do t[i] = i % 2 == 0 and a or b end "
        "table.sort(t)",
        too_long);
}

TEST_CASE("memory has a limit, also where it is asked for in one piece") {
    ends_with("local t = {} for i = 1, 1e9 do t[i] = {} end", too_much, 500'000'000);
    ends_with("local x = ('x'):rep(1e5) local t = {} for i = 1, 1e9 do t[i] = x .. i end", too_much, 500'000'000);
    ends_with("local t = {} while true do t = {t} end", too_much, 500'000'000);
    ends_with("local t = {} for i = 1, 1e9 do t[#t + 1] = function() return t end end", too_much, 500'000'000);
    ends_with("local t = {} for i = 1, 1e6 do t[i] = 'abcdefgh' end for i = 1, 1e6 do t[i] = t[i] .. i end "
              "for i = 1, 1e7 do t[i] = i end",
              too_much, 500'000'000);
    ends_with("local x, t = ('x'):rep(1000), {} for i = 1, 3e5 do t[i] = x end local s = table.concat(t)", "memory",
              500'000'000);
    ends_with("local t = {} for i = 1, 1e9 do t['k' .. i] = i end", too_much, 500'000'000);
}

TEST_CASE("a string has a longest size") {
    ends_with("local s = 'x' while true do s = s .. s end", long_string);
    ends_with("local s = ('x'):rep(1e9)", long_string);
    ends_with("local s = ('x'):rep(1 << 62)", long_string);
    ends_with("local s = (''):rep(1e18)", long_string);
    ends_with("local s = ('x'):rep(1e5, ('y'):rep(1e5))", long_string);
    ends_with("local s = ('x'):rep(1e5):gsub('x', ('y'):rep(100))", long_string);
    ends_with("local t = {} for i = 1, 30 do t[i] = ('x'):rep(1e5) end local s = table.concat(t)", long_string);
    ends_with("local s = string.format('%s%s', ('x'):rep(1e6), ('x'):rep(1e6))", long_string);
    CHECK(check("local s = ('x'):rep(1 << 20) claim('x'):equals(#s, 1 << 20)").status == Status::passed);
}

TEST_CASE("recursion without end is an error of the script, which it can catch") {
    CHECK(check("local function f() return 1 + f() end f()").reason.find("stack overflow") != std::string::npos);
    CHECK(check("local function f() return 1 + f() end pcall(f) claim('x'):equals(1, 1)").status == Status::passed);
    CHECK(check("local t = {} t.f = function() table.sort({1, 2, 3}, t.f) end t.f()").reason.find("overflow") !=
          std::string::npos);
    CHECK(check("local function f(s) return (s:gsub('.', f)) end f('x')").reason.find("overflow") != std::string::npos);
    CHECK(check("local function f() pcall(f) end f() claim('x'):equals(1, 1)").status == Status::passed);
    CHECK(check("local s = run:snapshot('after_swap'):map('task_ctx') local function f() return s:find(f) end f()")
              .reason.find("overflow") != std::string::npos);
    CHECK(check("local function f(...) return 1 + f(1, ...) end f()").status == Status::error);
    CHECK(check("local t = {} for i = 1, 1e6 do t[i] = i end local x = {table.unpack(t)}").status == Status::error);
}

TEST_CASE("pcall catches no limit, however it is wrapped") {
    for (const char* wrapped :
         {"pcall(function() while true do end end)", "while true do pcall(function() while true do end end) end",
          "pcall(pcall, pcall, function() while true do end end)",
          "pcall(table.sort, {3, 2, 1}, function() while true do end end)",
          "pcall(string.gsub, 'x', 'x', function() while true do end end)",
          "pcall(function() local s = run:snapshot('after_swap') s:map('task_ctx'):find(function() while true do end "
          "end) end)",
          "pcall(string.rep, 'x', 1e12)", "pcall(function() local s = 'x' while true do s = s .. s end end)",
          "pcall(function() local t = {} while true do t[#t + 1] = {} end end)",
          "for i = 1, 100 do pcall(function() local t = {} while true do t[#t + 1] = {} end end) end",
          "pcall(table.move, {}, 1, 1e18, 2)", "pcall(string.match, ('a'):rep(100), ('a*'):rep(30) .. 'b')",
          "pcall(table.concat, {('x'):rep(1e6), ('x'):rep(1e6)})"}) {
        const auto outcome =
            check(std::string(wrapped) + " claim('reached'):equals(1, 1)", {5'000'000, memory, cpu_ms});
        INFO(wrapped << "\n" << ending(outcome));
        CHECK(outcome.status == Status::error);
        CHECK(outcome.claims.empty());
        CHECK(outcome.line == 10);
    }
}

TEST_CASE("pcall catches neither skip nor fail") {
    CHECK(ending(check("pcall(skip, 'enough') claim('x'):equals(1, 2)")) == "skipped at 10: enough");
    CHECK(ending(check("pcall(function() pcall(fail, 'no') end) skip('later')")) == "failed at 10: no");
    CHECK(ending(check("table.sort({2, 1}, function() skip('from below') end)")) == "skipped at 10: from below");
}

TEST_CASE("a script cannot pass for one that ran out of memory") {
    CHECK(ending(check("error('not enough memory', 0)")) == "error: not enough memory");
    CHECK(check("pcall(error, 'not enough memory') claim('x'):equals(1, 1)").status == Status::passed);
}

TEST_CASE("the limits can be set, down to nothing") {
    CHECK(check("claim('x'):equals(1, 1)", {0, memory, cpu_ms}).status == Status::error);
    for (const std::size_t bytes : {0, 1, 1000, 4000, 10'000, 20'000, 30'000, 40'000, 50'000, 60'000, 80'000}) {
        const auto outcome = check("local t = {} for i = 1, 1e6 do t[i] = {} end", {50'000'000, bytes, cpu_ms});
        INFO(bytes << " " << ending(outcome));
        CHECK(outcome.status == Status::error);
        CHECK(outcome.reason.find("memory") != std::string::npos);
    }
}

// Every allocation is refused once, from the first on: the state's own, the sandbox's, the script's.
TEST_CASE("wherever memory runs out, the check ends in order") {
    bool passed = false;
    for (std::size_t bytes = 1000; bytes < 200'000 && !passed; bytes += 61) {
        const auto outcome = check("local t = {} for i = 1, 20 do t[i] = tostring(i) .. 'x' end table.sort(t)\n"
                                   "for k, v in pairs(t) do t[k] = v:gsub('x', '%0%0') end\n"
                                   "local s = run:snapshot('after_swap') pcall(function() return s:var('no') end)\n"
                                   "claim('x'):equals(s:var('stats'):get('vtime'), 123456)",
                                   {50'000'000, bytes, cpu_ms});
        passed = outcome.status == Status::passed;
        if (passed) continue;
        INFO(bytes << " " << ending(outcome));
        REQUIRE(outcome.reason.find("memory") != std::string::npos);
    }
    CHECK(passed);
}

TEST_CASE("CPU time has a limit behind the others") {
    constexpr std::uint64_t no_limit = ~std::uint64_t{0};
    CHECK(check("while true do end", {no_limit, memory, 20}).reason ==
          "the check takes more than the 20 ms of CPU time that a check may have");
    CHECK(check("local x = ('a'):rep(200):match(('a*'):rep(30) .. 'b')", {no_limit, memory, 20}).reason ==
          "the check takes more than the 20 ms of CPU time that a check may have");
    lua::Meter unlimited(no_limit, no_limit);
    CHECK(unlimited.spend(1 << 20));
}

TEST_CASE("checks run side by side do not disturb each other") {
    std::vector<std::thread> threads;
    std::vector<std::string> endings(4);
    for (std::size_t i = 0; i < endings.size(); ++i)
        threads.emplace_back([&, i] {
            endings[i] =
                ending(lua::run_check("local n = 0 for i = 1, 1e5 do n = n + i end claim('n'):equals(n, 5000050000)",
                                      "t.ktl", 1, sample_record(), {}));
        });
    for (auto& thread : threads) thread.join();
    for (const auto& text : endings) CHECK(text == "passed");
}

} // namespace ktstr::test
