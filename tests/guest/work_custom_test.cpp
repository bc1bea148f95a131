// SPDX-License-Identifier: GPL-2.0-only
// Work loops in Lua, as workers of the host.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/guest/running.h"

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using namespace ktstr;
using namespace ktstr::test;

namespace {

plan::Work custom(const std::string& program, const plan::WorkParameters& parameters = {}, int groups = 1) {
    plan::WorkParameters all = parameters;
    all["program"] = program;
    plan::Work work = work_of("custom", groups, all);
    work.program_source = plan::SourcePosition{"loads/mine.ktl", 12, 30};
    return work;
}

// How the worker ends by itself.
std::string end_of(const std::string& program) {
    Running running(custom(program));
    running.start();
    running.wait_for_end_of(0);
    return running.stop().at(0).exit;
}

} // namespace

TEST_CASE("a pass through the Lua of a work loop is one unit of work, or as many as it says") {
    const auto silent = run(custom("spin(10000)"), 5).reports.at(0);
    CHECK(silent.work_units == silent.iterations);
    const auto said = run(custom("spin(10000) unit(7)"), 70).reports.at(0);
    CHECK(said.work_units == 7 * said.iterations);
    const auto own_loop = run(custom("while running() do sleep(1000) unit() end"), 5).reports.at(0);
    CHECK(own_loop.work_units == own_loop.iterations);
}

TEST_CASE("the globals of a work loop live from pass to pass") {
    CHECK_THAT(end_of("passes = (passes or 0) + 1 if passes == 4 then error('pass ' .. passes) end"),
               ContainsSubstring("pass 4"));
}

TEST_CASE("a work loop in Lua stops when told to, whatever it does") {
    const std::string program =
        GENERATE(as<std::string>{}, "unit() while true do end",
                 "unit() while true do pcall(function() while true do end end) end", "unit() sleep(3600 * 1000000000)",
                 "unit() spin(3600 * 1000000000)", "unit() futex.wait(0, 0)", "unit() pipe.read(1)",
                 "unit() pipe.write(0, 1 << 40)", "unit() while true do yield() end",
                 "unit() repeat local ok = pcall(sleep, 1) until ok == nil");
    INFO(program);
    const auto report = run(custom(program), 1).reports.at(0);
    CHECK(report.exit == "stopped");
    CHECK(report.work_units == 1);
}

TEST_CASE("a mistake in a work loop ends the worker with its place in the .ktl file") {
    CHECK(end_of("\nlocal a = 1\nspin(nothing.at_all)") ==
          "error: loads/mine.ktl:14: attempt to index a nil value (global 'nothing')");
    CHECK(end_of("\n\nerror('no more of this')") == "error: loads/mine.ktl:14: no more of this");
    CHECK(end_of("\n\nerror('without a place', 0)") == "error: loads/mine.ktl:14: without a place");
    CHECK_THAT(end_of("\nerror({})"), StartsWith("error: loads/mine.ktl:13: "));
    CHECK_THAT(end_of("spin(-1)"), StartsWith("error: loads/mine.ktl:12: bad argument #1 to 'spin'"));
    CHECK_THAT(end_of("\nfutex.wake(16)"), ContainsSubstring("mine.ktl:13: 16 is not the number of a word"));
    CHECK_THAT(end_of("\npipe.write(1, 1)"), ContainsSubstring("mine.ktl:13: 1 is not the number of a member"));
    CHECK_THAT(end_of("\nwhile do"), StartsWith("error: loads/mine.ktl:13: "));
}

TEST_CASE("a work loop in Lua has a bound on its memory") {
    CHECK_THAT(end_of("local t = {}\nfor i = 1, 1 << 40 do t[i] = {i} end"),
               StartsWith("error: loads/mine.ktl:13: needs more memory"));
}

TEST_CASE("a work loop in Lua reaches nothing of the machine but what is documented") {
    CHECK_THAT(end_of("for _, name in ipairs{'io', 'os', 'package', 'debug', 'require', 'load', 'dofile', 'loadfile',\n"
                      "'coroutine', 'setmetatable', 'getmetatable', 'rawset', 'collectgarbage', 'print'} do\n"
                      "assert(_ENV[name] == nil, name)\nend\nassert(not string.rep and not ('x').rep)\n"
                      "assert(not string.find and not table.move)\nerror('nothing found')"),
               ContainsSubstring("nothing found"));
}

TEST_CASE("the members of a group of Lua work loops wake each other by futex words and pipes") {
    const auto turns = run(custom("local me, n = member(), group_size()\n"
                                  "while running() do\n"
                                  "  local turn = futex.load(3)\n"
                                  "  if turn % n == me then unit() futex.add(3, 1) futex.wake(3)\n"
                                  "  else futex.wait(3, turn) end\nend",
                                  {{"members", std::int64_t{3}}}, 2),
                           20);
    REQUIRE(turns.reports.size() == 6);
    for (int first : {0, 3})
        for (int i = first; i < first + 3; ++i)
            CHECK(turns.reports[static_cast<std::size_t>(i)].work_units + 1 >=
                  turns.reports[static_cast<std::size_t>(first)].work_units);
    run(custom("if member() == 0 then pipe.write(1, 100000) pipe.read(1) else pipe.read(100000) pipe.write(0, 1) end",
               {{"members", std::int64_t{2}}}),
        5);
}

TEST_CASE("a wait for a futex word ends at its limit of time, and says whether the word has changed") {
    CHECK_THAT(
        end_of("assert(futex.wait(0, 0, 1000) == false) futex.store(0, 5) assert(futex.wait(0, 0) == true)\n"
               "assert(futex.swap(0, 5, 6) and not futex.swap(0, 5, 7) and futex.load(0) == 6) error('as it should')"),
        ContainsSubstring("as it should"));
}

TEST_CASE("a work loop in Lua reads and writes its part of the scratch disk, or is told that it has none") {
    run(custom("disk.write(random(disk.blocks())) disk.read(0)", {{"disk", std::int64_t{1} << 20U}}), 5);
    CHECK(end_of("\ndisk.write(0)") ==
          "error: loads/mine.ktl:13: this work has no part of the scratch disk: give it one, as in `disk: 16MiB`");
}

TEST_CASE("a work loop in Lua takes memory, touches it and gives it back") {
    const auto outcome = run(custom("local block = memory.allocate(1 << 20) memory.touch(block)\n"
                                    "memory.touch(block, 4096, 4096) memory.free(block)"),
                             20);
    CHECK(outcome.usage.at(0).ru_minflt >= 20 * 256);
    CHECK_THAT(end_of("local b = memory.allocate(1) memory.free(b)\nmemory.touch(b)"),
               ContainsSubstring("mine.ktl:13: 1 is no memory"));
}

TEST_CASE("each worker of a Lua work loop draws the same numbers in every run") {
    const std::string program = "error(member() .. ': ' .. random(1000000) .. ' ' .. random(6))";
    CHECK(end_of(program) == end_of(program));
}
