// SPDX-License-Identifier: GPL-2.0-only
// Ways out that a script may try. Each line must come to nothing: an expression is nil, or an error, and never true.
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "tests/lua/sample.h"

namespace ktstr::test {

using Status = lua::CheckOutcome::Status;

TEST_CASE("what reaches out of the sandbox is not there") {
    for (const char* name : {"io",
                             "os",
                             "package",
                             "debug",
                             "load",
                             "loadstring",
                             "loadfile",
                             "dofile",
                             "require",
                             "module",
                             "collectgarbage",
                             "setmetatable",
                             "getmetatable",
                             "rawset",
                             "coroutine",
                             "xpcall",
                             "warn",
                             "newproxy",
                             "getfenv",
                             "setfenv",
                             "_G",
                             "_VERSION",
                             "arg",
                             "bit32",
                             "jit",
                             "ffi",
                             "string.dump",
                             "string.gfind",
                             "math.randomseed",
                             "table.foreach",
                             "_LOADED",
                             "_PRELOAD",
                             "_ENV._G",
                             "_ENV.io",
                             "_ENV.debug",
                             "string.load",
                             "utf8.load",
                             "('x').dump",
                             "(''):len().x"}) {
        const auto outcome = check("local got = " + std::string(name) + " claim('absent'):is_true(got == nil)");
        INFO(name << ": " << ending(outcome));
        CHECK((outcome.status == Status::passed || std::string_view(name) == "(''):len().x"));
    }
}

TEST_CASE("no way through what is left leads out") {
    for (const char* attempt : {"load('return 1')()",
                                "loadstring('return 1')",
                                "dofile('/etc/passwd')",
                                "require('io')",
                                "io.open('/etc/passwd')",
                                "os.execute('true')",
                                "os.getenv('PATH')",
                                "os.time()",
                                "debug.getregistry()",
                                "debug.sethook()",
                                "debug.getinfo(1)",
                                "package.loadlib('libc.so.6', 'system')",
                                "string.dump(function() end)",
                                "('x').dump(print)",
                                "getmetatable('').__index",
                                "setmetatable({}, {__gc = function() end})",
                                "rawset(_ENV, 'x', 1)",
                                "collectgarbage('count')",
                                "coroutine.create(print)",
                                "coroutine.wrap(function() end)()",
                                "xpcall(print, print)",
                                "rawget(_ENV, 'io').open('x')",
                                "rawget(_ENV, '_G').io",
                                "_ENV['i' .. 'o'].popen('ls')",
                                "next(_ENV, 'io')",
                                "select(2, next(_ENV)).loaded",
                                "rawget(string, 'dump')(print)",
                                "rawget(run, 'node')",
                                "rawlen(run)",
                                "next(run)",
                                "next(claim('x'))",
                                "run.__index",
                                "run.__gc",
                                "run.__metatable",
                                "run['\\0']",
                                "run[1]",
                                "run[{}]",
                                "run[nil]",
                                "run:snapshot('after_swap').__index(1, 2)",
                                "run.plan.__index",
                                "run.plan.get(run, 'x')",
                                "run.plan.get({}, 'x')",
                                "run:snapshot('after_swap').map(run.plan, 'x')",
                                "run.workers(run.plan)",
                                "run:cgroup('hot').x",
                                "claim('x').at_most.y",
                                "claim('x').no(1)",
                                "string.format('%p', {})",
                                "string.format('%10p', print)",
                                "string.format('%99999d', 1)",
                                "string.format('%', 1)",
                                "string.format('%d', 'x')",
                                "string.rep()",
                                "(1).x",
                                "table.sort({3, 1, 'x'})",
                                "table.sort({3, 2, 1, 5, 4}, function(a, b) return true end)",
                                "table.concat({{}})",
                                "table.unpack({}, 1, 1e8)",
                                "table.unpack({}, math.mininteger, math.maxinteger)",
                                "table.insert({}, 5, 5)",
                                "table.insert(run, 1)",
                                "table.remove({}, 7)",
                                "select(-5, 1)",
                                "select(0)",
                                "string.char(256)",
                                "utf8.char(-1)",
                                "utf8.codepoint('\\xff', 1)",
                                "string.byte(('x'):rep(1 << 20), 1, -1)",
                                "string.pack('i17', 1)",
                                "string.pack(('!16'):rep(10) .. 'Xi99', 1)",
                                "string.unpack('s8', '\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f')",
                                "string.unpack('z', 'xxx')",
                                "string.unpack('i8', 'x', -5)",
                                "tonumber('1', 99)",
                                "tonumber({}, 10)",
                                "math.tointeger({}) + 1",
                                "math.random(0, -1)",
                                "math.random(3, 2, 1)",
                                "1 // 0",
                                "1 % 0",
                                "1 << 'x'",
                                "#5",
                                "-{}",
                                "{} .. {}",
                                "{} < {}",
                                "print < print",
                                "nil > 1",
                                "('x') + 1",
                                "ipairs()",
                                "ipairs(run.plan)",
                                "pairs()",
                                "pairs(5)",
                                "pairs(run)",
                                "error(setmetatable)",
                                "assert()",
                                "assert(nil)",
                                "pcall()",
                                "pcall(nil)()",
                                "run()",
                                "claim()",
                                "claim({})",
                                "claim('x', {})",
                                "note({})",
                                "note()",
                                "ms('x')",
                                "ms({})",
                                "skip({})",
                                "fail()",

                                "run:workers('hot')",
                                "run:workers{cgroup = {}}",
                                "run:step({})",
                                "run:step(-1)",
                                "run:step(1.5)",
                                "run:snapshot()",
                                "run:series()",
                                "run:payload({})",
                                "run:payload('schbench', {})",
                                "run:payload('schbench', math.mininteger)",
                                "run:snapshot('after_swap'):map('task_ctx'):find(run)",
                                "run:snapshot('after_swap'):map('cpu_ctx'):on_cpu(1 << 40)",
                                "run:snapshot('after_swap'):var('stats.')",
                                "run:snapshot('after_swap'):var('')",
                                "run:snapshot('after_swap'):var('.')",
                                "run:snapshot('after_swap'):var('stats[')",
                                "run:snapshot('after_swap'):var('stats.local[-1]')",
                                "run:snapshot('after_swap'):var('stats.local[99999999999999999999999]')",
                                "run:snapshot('after_swap'):var('stats.local').x",
                                "run:snapshot('after_swap'):var('stats.local')[-1]",
                                "run:snapshot('after_swap'):var('stats.local')[1.5]",
                                "run:snapshot('after_swap'):var('stats.local')[2]"}) {
        const auto outcome =
            check("local got = " + std::string(attempt) + "\nclaim('got out'):is_true(got == nil or got == false)");
        INFO(attempt << ": " << ending(outcome));
        CHECK((outcome.status == Status::error || outcome.status == Status::passed));
        if (outcome.status == Status::error) CHECK_FALSE(outcome.reason.empty());
    }
}

TEST_CASE("statements that try to leave an error or a hook behind come to nothing") {
    for (const char* attempt : {"local t <close> = {}",
                                "local t <close> = run",
                                "for i in nil do end",
                                "for i = 1, 10, 0 do end",
                                "for i = 'a', 2 do end",
                                "local _ENV = {} x()",
                                "local _ENV = nil x = 1",
                                "_ENV = nil claim('x')",
                                "string = nil ('x'):upper() claim('x')",
                                "error({code = 2})",
                                "error(function() end)",
                                "error(run)",
                                "error(0/0)",
                                "error(('x'):rep(1e6))",
                                "error('a\\0b')",
                                "pcall = nil pcall()",
                                "error = nil error()",
                                "tostring = nil print(1) note(tostring)",
                                "goto done do local x ::done:: end",
                                "break",
                                "return return",
                                "local x <const> = 1 x = 2",
                                "x = 0x1p99999 y = x // 0 error(y)",
                                "local s = 'x' s.y = 1",
                                "run.scenario = 'x'",
                                "run.plan.x = 1",
                                "run[1] = 2",
                                "claim('x').at_most = 1",
                                "#run = 1",
                                "string.upper = string.rep ('x'):upper(1e9)",
                                "table.sort(table.pack(1, nil, 3, nil, 5))",
                                "local a = {} a[nil] = 1",
                                "local a = {} a[0/0] = 1",
                                "local t = {} for k in pairs({1, 2, 3}) do t[k] = nil t[k + 10] = k end t()",
                                "local t = {1, 2, 3} for k in next, t do t[k + 100] = k end t()",
                                "local f = string.gmatch('aaa', 'a') f() f(1, 2, 3) f() f() f() f() f()()",
                                "local f = pairs({1}) f() f() f() f({}, 5)()",
                                "string.format('%s', {})()",
                                "utf8.codes('\\xff')()",
                                "next({}, 1)"}) {
        const auto outcome = check(attempt);
        INFO(attempt << ": " << ending(outcome));
        CHECK(outcome.status == Status::error);
        CHECK_FALSE(outcome.reason.empty());
    }
}

TEST_CASE("no address is to be seen") {
    for (const char* shown :
         {"tostring({})", "tostring(print)", "tostring(run)", "tostring(claim('x').at_most)", "tostring(run.plan)",
          "string.format('%s %s', {}, print)", "string.format('%s', run)", "string.format('%-20s', string)",
          "select(2, pcall(error, {}))", "select(2, pcall(function() return {} .. 'x' end))"}) {
        const auto outcome = check("print(" + std::string(shown) + ")");
        INFO(shown << ": " << ending(outcome));
        REQUIRE(outcome.notes.size() == 1);
        CHECK(outcome.notes.front().find("0x") == std::string::npos);
    }
}

TEST_CASE("one check leaves nothing for the next") {
    CHECK(check("string.upper = nil run = nil secret = 1 claim = nil").status == Status::error);
    CHECK(ending(check("claim('x'):equals(('a'):upper(), 'A') claim('y'):is_true(secret == nil)")) == "passed");
}

TEST_CASE("the record is not changed") {
    const auto before = sample_record().dump();
    CHECK(
        check("local w = run:workers() w[1] = nil for k, v in pairs(run.plan) do v = nil end run:workers()[1].pid = 5")
            .status == Status::error);
    CHECK(sample_record().dump() == before);
}

TEST_CASE("random numbers are those of the run's seed") {
    const std::string draw =
        "local t = {} for i = 1, 20 do t[i] = math.random(1, 1000000) end print(table.concat(t, ' '))";
    const auto first = check(draw).notes;
    CHECK(first == check(draw).notes);
    auto record = sample_record();
    record["seed"] = 8;
    CHECK(first != check_on(record, draw).notes);
    record["seed"] = std::uint64_t{1} << 63U;
    CHECK(first != check_on(record, draw).notes);
}

TEST_CASE("pairs has one order, whatever Lua's own is") {
    const std::string walk =
        "local t = {} for i = 1, 200 do t['k' .. i * 7919 % 1000] = i t[i * 3.5] = i end t[true] = 1\n"
        "local keys = {} for k in pairs(t) do keys[#keys + 1] = tostring(k) end print(table.concat(keys, ' '))";
    std::set<std::string> orders;
    for (int i = 0; i < 20; ++i) orders.insert(check(walk).notes.at(0));
    CHECK(orders.size() == 1);
    CHECK(orders.begin()->starts_with("3.5 7 10.5 14 "));
}

TEST_CASE("pairs leaves out what is taken away during the walk") {
    CHECK(ending(check("local t, n = {a = 1, b = 2, c = 3}, 0 for k in pairs(t) do n = n + 1 t.b = nil t.c = nil end\n"
                       "claim('n'):equals(n, 1)")) == "passed");
}

TEST_CASE("Lua's own library does its work") {
    CHECK(ending(check("claim('1'):equals(('%5.1f|%q|%s'):format(2.25, 'a', true), '  2.2|\"a\"|true')\n"
                       "claim('2'):equals(table.concat({1, 2, 3}, '-', 2), '2-3')\n"
                       "claim('3'):equals(select('#', table.unpack({1, 2, nil, 4}, 1, 4)), 4)\n"
                       "local t = {5, 3, 9} table.sort(t) table.insert(t, 1) table.insert(t, 1, 7) table.remove(t, 2)\n"
                       "claim('4'):equals(table.concat(t, ' '), '7 5 9 1')\n"
                       "claim('5'):equals(utf8.len('häß'), 3)\n"
                       "claim('6'):equals(string.unpack('<i4', string.pack('<i4', -7)), -7)\n"
                       "claim('7'):equals(tonumber('ff', 16), 255)\n"
                       "claim('8'):equals(math.max(1, 5, 3) + math.floor(2.5), 7)\n"
                       "claim('9'):equals(('a,b'):rep(2, ';'), 'a,b;a,b')\n"
                       "claim('10'):equals(#table.pack(pcall(error, 'x')), 2)\n"
                       "claim('11'):equals(table.concat(table.move({1, 2, 3}, 2, 3, 1)), '233')\n"
                       "claim('12'):equals(('10' + 5) * '2', 30)")) == "passed");
}

} // namespace ktstr::test
