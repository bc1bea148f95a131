// SPDX-License-Identifier: GPL-2.0-only
// The counted matcher against Lua's own: the same answer wherever Lua's comes to one.
#include "interp/lua/pattern.h"

#include <catch2/catch_test_macros.hpp>
#include <lua.hpp>
#include <memory>
#include <random>

#include "interp/lua/sandbox.h"
#include "interp/lua/state.h"
#include "tests/lua/sample.h"

namespace ktstr::test {

namespace {

constexpr lua::CheckLimits few{200'000, std::size_t{8} << 20U, 60'000};

// One state with Lua's string library as it comes and one with the room's functions, asked the same.
class Comparison {
  public:
    Comparison() : own_(luaL_newstate()), theirs_(luaL_newstate()), context_(record_, few) {
        luaL_openlibs(theirs_.get());
        luaL_openlibs(own_.get());
        lua::set_context(own_.get(), context_);
        lua_getglobal(own_.get(), "string");
        lua::add_pattern_functions(own_.get());
        lua_pop(own_.get(), 1);
    }

    // "ok: results" or "error"; own() may also be "limit".
    std::string theirs(const std::string& chunk) { return run(theirs_.get(), chunk); }
    std::string own(const std::string& chunk) {
        context_.meter = lua::Meter(few.instructions, few.cpu_ms);
        context_.stop.reset();
        const auto answer = run(own_.get(), chunk);
        return context_.stop ? "limit" : answer;
    }

  private:
    static std::string run(lua_State* state, const std::string& chunk) {
        lua_settop(state, 0);
        if (luaL_loadstring(state, chunk.c_str()) != LUA_OK) return "does not parse";
        if (lua_pcall(state, 0, LUA_MULTRET, 0) != LUA_OK) return "error";
        std::string text = "ok:";
        for (int i = 1; i <= lua_gettop(state); ++i) {
            lua::push_as_text(state, i);
            text += " <" + std::string(lua::text_at(state, -1)) + ">";
            lua_pop(state, 1);
        }
        return text;
    }

    struct Close {
        void operator()(lua_State* state) const { lua_close(state); }
    };
    std::unique_ptr<lua_State, Close> own_;
    std::unique_ptr<lua_State, Close> theirs_;
    nlohmann::json record_;
    lua::Context context_;
};

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const unsigned char c : text) {
        std::array<char, 8> escape{};
        std::snprintf(escape.data(), escape.size(), "\\%03u", c);
        out += escape.data();
    }
    return out + '"';
}

} // namespace

TEST_CASE("patterns do what Lua's own do") {
    Comparison compare;
    for (const char* chunk : {"return string.find('hello world', 'o w')",
                              "return string.find('hello', 'l+')",
                              "return string.find('a.b', '.', 1, true)",
                              "return string.find('a.b', '.', 2)",
                              "return ('x'):find('')",
                              "return ('x'):find('', 2)",
                              "return ('x'):find('', 3)",
                              "return ('xyz'):find('z', -1)",
                              "return ('xyz'):find('x', -100)",
                              "return ('key = value'):match('^(%w+)%s*=%s*(%w+)$')",
                              "return ('2026-01-02'):match('(%d+)-(%d+)-(%d+)')",
                              "return ('f(a(b)c)d'):match('%b()')",
                              "return ('THE (quick) fox'):find('%((%a+)%)')",
                              "return ('abc'):match('()b()')",
                              "return ('xx yy'):match('(%w)%1')",
                              "return ('THE (quick) fox'):gsub('%f[%a]%a+', 'w')",
                              "return ('abc'):gsub('', '-')",
                              "return ('abc'):gsub('.', {a = 1, b = false})",
                              "return ('abc'):gsub('%w', '%0%0')",
                              "return ('abc'):gsub('(a)(b)', '%2%1')",
                              "return ('abc'):gsub('b', '%%')",
                              "return ('abc'):gsub('b', '%9')",
                              "return ('abc'):gsub('b', '%')",
                              "return ('abc'):gsub('b', '%x')",
                              "return ('abc abc'):gsub('^a', 'x')",
                              "return ('aaa'):gsub('a', 'b', 2)",
                              "return ('aaa'):gsub('a', 'b', -1)",
                              "return ('abc'):gsub('b', function() return {} end)",
                              "return ('abc'):gsub('b', function() return nil end)",
                              "return ('abc'):gsub('()', '%1')",
                              "return ('abc'):match('(')",
                              "return ('abc'):match(')')",
                              "return ('abc'):match('%')",
                              "return ('abc'):match('[a')",
                              "return ('abc'):match('[]')",
                              "return ('a]c'):match('[]]')",
                              "return ('abc'):match('[^a]+')",
                              "return ('a-c'):match('[a-]+')",
                              "return ('abc'):match('[a-c]+')",
                              "return ('a%c'):match('[%%a]+')",
                              "return ('abc'):match('%f')",
                              "return ('abc'):match('%b')",
                              "return ('abc'):match('%1')",
                              "return ('abc'):match('(a)%2')",
                              "return ('abc'):match('a$b')",
                              "return ('a$'):match('a$$')",
                              "return ('abc'):match('.-c')",
                              "return ('abc'):match('b?c')",
                              "return ('a\\0b'):match('%z')",
                              "return ('a\\0b'):find('\\0')",
                              "return ('abc'):match('', 4)",
                              "return ('\\xff\\xfe'):match('[\\xf0-\\xff]+')",
                              "return (123):match('2')",
                              "s = '' for k, v in ('a=1,b=2'):gmatch('(%a)=(%d)') do s = s .. k .. v end return s",
                              "local n = 0 for w in ('one two'):gmatch('%a*') do n = n + 1 end return n",
                              "local n = 0 for w in ('aaa'):gmatch('a', -1) do n = n + 1 end return n",
                              "local n = 0 for w in ('aaa'):gmatch('^a') do n = n + 1 end return n"}) {
        INFO(chunk);
        CHECK(compare.own(chunk) == compare.theirs(chunk));
    }
}

TEST_CASE("20,000 random patterns do what Lua's own do") {
    Comparison compare;
    std::mt19937 random(1);
    const auto draw = [&](const std::vector<const char*>& parts, std::size_t most) {
        std::string text;
        for (auto count = random() % (most + 1); count > 0; --count) text += parts[random() % parts.size()];
        return text;
    };
    const std::vector<const char*> subjects{"a", "b", "ab", "(", ")", " ", "1", "-", "]", "%", "x=y", "\xff"};
    const std::vector<const char*> patterns{"a",    "b",      ".",  "%a", "%d", "%W", "[ab]", "[^a]", "[a-b%d]",
                                            "[",    "]",      "*",  "+",  "-",  "?",  "(",    ")",    "()",
                                            "%b()", "%f[%a]", "%1", "%2", "%",  "^",  "$",    "%z"};
    const std::vector<const char*> replacements{"x", "%0", "%1", "%2", "%%", "%"};
    int agreed = 0;
    for (int i = 0; i < 20'000; ++i) {
        const auto subject = quoted(draw(subjects, 8));
        const auto pattern = quoted(draw(patterns, 6));
        std::string chunk;
        switch (i % 4) {
        case 0: chunk = "return string.find(" + subject + ", " + pattern + ")"; break;
        case 1:
            chunk = "return string.match(" + subject + ", " + pattern + ", " +
                    std::to_string(static_cast<int>(random() % 6) - 2) + ")";
            break;
        case 2:
            chunk = "return string.gsub(" + subject + ", " + pattern + ", " + quoted(draw(replacements, 3)) + ")";
            break;
        default:
            chunk = "local t = {} for a, b in string.gmatch(" + subject + ", " + pattern +
                    ") do t[#t + 1] = tostring(a) .. tostring(b) end return table.concat(t, '|')";
        }
        const auto own = compare.own(chunk);
        INFO(chunk);
        REQUIRE(own == compare.theirs(chunk));
        ++agreed;
    }
    CHECK(agreed == 20'000);
}

TEST_CASE("a pattern that would never end is ended by the count of its steps") {
    constexpr lua::CheckLimits limits{2'000'000, std::size_t{96} << 20U, 600'000};
    constexpr const char* end =
        "error at 11: the check runs longer than the 2000000 instructions that a check may have";
    for (const std::string pattern :
         {"('a'):rep(200):match(('a*'):rep(30) .. 'b')", "('a'):rep(1e5):match('.-.-.-.-b')",
          "('a'):rep(1e5):gsub('a-b', '')", "('('):rep(1e5):gsub('%b()', '')", "('x'):rep(5e5):find('.-%f[y]')"}) {
        INFO(pattern);
        CHECK(ending(check("\nlocal x = " + pattern, limits)) == end);
        CHECK(ending(check("pcall(function()\nlocal x = " + pattern + " end) claim('x'):equals(1, 1)", limits)) == end);
    }
}

TEST_CASE("a pattern nested too deep is an error of the script") {
    CHECK(error_of("('a'):match(('('):rep(33))") == "the pattern has too many captures");
    CHECK(error_of("('a'):rep(300):match(('a?'):rep(300) .. ('a'):rep(300))") == "the pattern is too complex");
}

} // namespace ktstr::test
