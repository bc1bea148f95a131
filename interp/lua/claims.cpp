// SPDX-License-Identifier: GPL-2.0-only
#include "interp/lua/claims.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <string>

#include "interp/lua/value.h"

namespace ktstr::lua {

namespace {

constexpr const char* subject_class = "ktstr.claim";
constexpr std::size_t max_words = 120; // bytes of one text in a claim's detail

std::string decimal(double number, const char* unit) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.6g%s%s", number, *unit != '\0' ? " " : "", unit);
    return text.data();
}

std::string duration_in_words(double ns) {
    const double size = std::fabs(ns);
    if (size >= 1e9) return decimal(ns / 1e9, "s");
    if (size >= 1e6) return decimal(ns / 1e6, "ms");
    if (size >= 1e3) return decimal(ns / 1e3, "us");
    return decimal(ns, "ns");
}

std::string size_in_words(double bytes) {
    constexpr double kib = 1024;
    const double size = std::fabs(bytes);
    if (size >= kib * kib * kib) return decimal(bytes / (kib * kib * kib), "GiB");
    if (size >= kib * kib) return decimal(bytes / (kib * kib), "MiB");
    if (size >= kib) return decimal(bytes / kib, "KiB");
    return decimal(bytes, "B");
}

std::string number_in_words(lua_State* state, int index, const std::string& unit) {
    const double number = lua_tonumber(state, index);
    if (std::isnan(number)) return "NaN";
    if (unit == "ns") return duration_in_words(number);
    if (unit == "bytes") return size_in_words(number);
    if (lua_isinteger(state, index) != 0)
        return std::to_string(lua_tointeger(state, index)) + (unit.empty() ? "" : " " + unit);
    return decimal(number, unit.c_str());
}

std::string in_words(lua_State* state, int index, const std::string& unit) {
    switch (lua_type(state, index)) {
    case LUA_TNUMBER: return number_in_words(state, index, unit);
    case LUA_TBOOLEAN: return lua_toboolean(state, index) != 0 ? "true" : "false";
    default: break;
    }
    const auto text = text_at(state, index);
    return '"' + std::string(text.substr(0, max_words)) + (text.size() > max_words ? "..." : "") + '"';
}

bool is_nan(lua_State* state, int index) {
    return lua_type(state, index) == LUA_TNUMBER && std::isnan(lua_tonumber(state, index));
}

// The arguments of one call claim(name):kind(...), whichever way it was called.
struct Statement {
    lua_State* state;
    const ClaimSubject& subject;

    [[nodiscard]] std::string words(int index) const { return in_words(state, index, subject.unit); }

    [[noreturn]] void refuse(const std::string& what) const { raise(state, "claim '" + subject.name + "': " + what); }

    void need_number(int index, const char* role) const {
        const int type = lua_type(state, index);
        if (type == LUA_TNUMBER) return;
        if (type == LUA_TNIL || type == LUA_TNONE)
            refuse(std::string("its ") + role + " is nil; what is absent is not zero");
        refuse(std::string("its ") + role + " must be a number, and is " + described(state, index));
    }

    // Numbers, texts and booleans can be compared for being equal.
    void need_scalar(int index, const char* role) const {
        const int type = lua_type(state, index);
        if (type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TBOOLEAN) return;
        if (type == LUA_TNIL || type == LUA_TNONE)
            refuse(std::string("its ") + role + " is nil; what is absent is not zero");
        refuse(std::string("its ") + role + " must be a number, a string or a boolean, and is " +
               described(state, index));
    }
};

struct Verdict {
    bool holds = false;
    std::string detail;
};

Verdict at_most(const Statement& statement) {
    statement.need_number(1, "value");
    statement.need_number(2, "bound");
    const bool holds = lua_compare(statement.state, 1, 2, LUA_OPLE) != 0;
    return {holds, statement.words(1) + (holds ? " is at most " : " is above ") + statement.words(2)};
}

Verdict at_least(const Statement& statement) {
    statement.need_number(1, "value");
    statement.need_number(2, "bound");
    const bool holds = lua_compare(statement.state, 2, 1, LUA_OPLE) != 0;
    return {holds, statement.words(1) + (holds ? " is at least " : " is below ") + statement.words(2)};
}

Verdict between(const Statement& statement) {
    statement.need_number(1, "value");
    statement.need_number(2, "lower bound");
    statement.need_number(3, "upper bound");
    if (lua_compare(statement.state, 3, 2, LUA_OPLT) != 0)
        statement.refuse("its lower bound " + statement.words(2) + " is above its upper bound " + statement.words(3));
    const bool holds =
        lua_compare(statement.state, 2, 1, LUA_OPLE) != 0 && lua_compare(statement.state, 1, 3, LUA_OPLE) != 0;
    return {holds, statement.words(1) + (holds ? " is within " : " is outside of ") + statement.words(2) + " .. " +
                       statement.words(3)};
}

Verdict near(const Statement& statement) {
    statement.need_number(1, "value");
    statement.need_number(2, "target");
    statement.need_number(3, "tolerance");
    const double tolerance = lua_tonumber(statement.state, 3);
    if (tolerance < 0) statement.refuse("its tolerance " + statement.words(3) + " is below zero");
    const double value = lua_tonumber(statement.state, 1);
    const double target = lua_tonumber(statement.state, 2);
    // The first comparison is for two equal infinities, whose difference is no number.
    const bool holds = value == target || std::fabs(value - target) <= tolerance;
    return {holds, statement.words(1) + (holds ? " is within " : " is not within ") + statement.words(2) + " +- " +
                       statement.words(3)};
}

Verdict equals(const Statement& statement) {
    statement.need_scalar(1, "value");
    statement.need_scalar(2, "expected value");
    if (lua_type(statement.state, 1) != lua_type(statement.state, 2))
        statement.refuse(described(statement.state, 1) + " cannot equal " + described(statement.state, 2));
    const bool holds = lua_compare(statement.state, 1, 2, LUA_OPEQ) != 0;
    return {holds, statement.words(1) + (holds ? " equals " : " is not ") + statement.words(2)};
}

Verdict is_true(const Statement& statement) {
    if (lua_type(statement.state, 1) != LUA_TBOOLEAN)
        statement.refuse("its value must be true or false, and is " + described(statement.state, 1));
    const bool holds = lua_toboolean(statement.state, 1) != 0;
    return {holds, holds ? "is true" : "is false"};
}

struct Kind {
    const char* name;
    int arguments;
    Verdict (*judge)(const Statement&);
};

constexpr std::array kinds{Kind{"at_most", 2, at_most}, Kind{"at_least", 2, at_least}, Kind{"between", 3, between},
                           Kind{"equals", 2, equals},   Kind{"is_true", 1, is_true},   Kind{"near", 3, near}};

// No comparison with NaN means anything, so no claim about it holds.
Verdict judge(const Kind& kind, const Statement& statement) {
    auto verdict = kind.judge(statement);
    for (int i = 1; i <= kind.arguments; ++i)
        if (is_nan(statement.state, i))
            return {false, i == 1 ? "the value is not a number (NaN)" : "a bound is not a number (NaN)"};
    return verdict;
}

// upvalues: the subject, its number, the Kind. Takes claim(x):at_most(...) and claim(x).at_most(...); returns the
// subject.
int state_claim(lua_State* state) {
    charge(state, 10);
    auto& context = context_of(state);
    const auto& kind = *static_cast<const Kind*>(lua_touserdata(state, lua_upvalueindex(3)));
    auto& subject = context.subjects.at(static_cast<std::size_t>(lua_tointeger(state, lua_upvalueindex(2))));
    if (lua_rawequal(state, 1, lua_upvalueindex(1)) != 0) lua_remove(state, 1);
    if (lua_gettop(state) > kind.arguments)
        raise(state, "claim '" + subject.name + "': " + kind.name + " takes " + std::to_string(kind.arguments) +
                         " values, not " + std::to_string(lua_gettop(state)));
    lua_settop(state, kind.arguments);
    const int line = script_line(state);
    if (context.outcome.claims.size() == max_claims)
        stop_check(state, Stop::Why::limit, "makes more than " + std::to_string(max_claims) + " claims", line);
    auto verdict = judge(kind, {state, subject});
    subject.stated = true;
    context.outcome.claims.push_back({subject.name, verdict.holds, std::move(verdict.detail), line});
    lua_pushvalue(state, lua_upvalueindex(1));
    return 1;
}

int index_subject(lua_State* state) {
    charge(state, 1);
    const auto* number = static_cast<const std::size_t*>(luaL_checkudata(state, 1, subject_class));
    const auto wanted = text_at(state, 2);
    std::string names;
    for (const auto& kind : kinds) {
        if (wanted != kind.name) {
            names += (names.empty() ? "" : ", ") + std::string(kind.name);
            continue;
        }
        lua_pushvalue(state, 1);
        lua_pushinteger(state, static_cast<lua_Integer>(*number));
        lua_pushlightuserdata(state, const_cast<Kind*>(&kind));
        lua_pushcclosure(state, state_claim, 3);
        return 1;
    }
    raise(state, "a claim has no '" + std::string(wanted.substr(0, max_words)) + "' (it has: " + names + ")");
}

// claim(name [, unit])
int claim(lua_State* state) {
    charge(state, 10);
    auto& context = context_of(state);
    const auto name = text_at(state, 1);
    const std::string_view unit = lua_isnoneornil(state, 2) ? "" : text_at(state, 2);
    luaL_argcheck(state, !name.empty() && name.size() <= max_words, 1, "a name of 1 to 120 bytes expected");
    luaL_argcheck(state, unit.size() <= 20, 2, "a unit of at most 20 bytes expected");
    if (context.subjects.size() == max_claims)
        stop_check(state, Stop::Why::limit, "makes more than " + std::to_string(max_claims) + " claims",
                   script_line(state));
    auto* number = static_cast<std::size_t*>(lua_newuserdatauv(state, sizeof(std::size_t), 0));
    *number = context.subjects.size();
    luaL_setmetatable(state, subject_class);
    context.subjects.push_back({std::string(name), std::string(unit), script_line(state), false});
    return 1;
}

int end_check(lua_State* state, Stop::Why why) {
    charge(state, 1);
    const auto reason = text_at(state, 1);
    luaL_argcheck(state, !reason.empty(), 1, "a reason expected");
    stop_check(state, why, std::string(reason.substr(0, max_note_bytes)), script_line(state));
}

int skip(lua_State* state) { return end_check(state, Stop::Why::skip); }
int fail(lua_State* state) { return end_check(state, Stop::Why::fail); }

int note(lua_State* state) {
    charge(state, 1);
    add_note(context_of(state), text_at(state, 1));
    return 0;
}

// A duration of so many units as whole nanoseconds.
template <int ns_per_unit> int duration(lua_State* state) {
    charge(state, 1);
    const double ns = std::round(luaL_checknumber(state, 1) * ns_per_unit);
    lua_Integer exact = 0;
    luaL_argcheck(state, lua_numbertointeger(ns, &exact) != 0, 1, "a duration of less than 292 years expected");
    lua_pushinteger(state, exact);
    return 1;
}

} // namespace

void add_note(Context& context, std::string_view text) {
    auto& notes = context.outcome.notes;
    if (notes.size() < max_notes)
        notes.emplace_back(text.substr(0, max_note_bytes));
    else if (notes.size() == max_notes)
        notes.emplace_back("(further notes are left out)");
}

void add_claim_functions(lua_State* state) {
    luaL_newmetatable(state, subject_class);
    lua_pushcfunction(state, index_subject);
    lua_setfield(state, -2, "__index");
    lua_pushboolean(state, 0);
    lua_setfield(state, -2, "__metatable");
    lua_pop(state, 1);
    constexpr std::array functions{luaL_Reg{"claim", claim},
                                   luaL_Reg{"skip", skip},
                                   luaL_Reg{"fail", fail},
                                   luaL_Reg{"note", note},
                                   luaL_Reg{"us", duration<1'000>},
                                   luaL_Reg{"ms", duration<1'000'000>},
                                   luaL_Reg{"s", duration<1'000'000'000>}};
    for (const auto& function : functions) {
        lua_pushcfunction(state, function.func);
        lua_setglobal(state, function.name);
    }
}

} // namespace ktstr::lua
