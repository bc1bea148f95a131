// SPDX-License-Identifier: GPL-2.0-only
// The four functions of Lua's string library that take patterns (Lua 5.4 reference manual, section 6.4).
#include <array>
#include <cstring>
#include <string>

#include "interp/lua/pattern.h"
#include "interp/lua/sandbox.h"
#include "interp/lua/state.h"

namespace ktstr::lua {

namespace {

// The matcher's answer, with its problems raised as errors.
std::optional<std::size_t> match_at(lua_State* state, PatternMatcher& matcher, std::size_t start) {
    const auto end = matcher.match_at(start);
    if (matcher.problem() != nullptr) raise(state, matcher.problem());
    charge(state, 1); // raises if the meter ran out in the matcher
    return end;
}

// Capture 0 of a pattern without captures is the whole match.
void push_capture(lua_State* state, const PatternMatcher& matcher, int index, std::string_view whole,
                  const char* subject) {
    if (index >= matcher.capture_count()) {
        if (index != 0) raise(state, "there is no capture %" + std::to_string(index + 1) + " in the pattern");
        push_text(state, whole);
        return;
    }
    const auto& capture = matcher.capture(index);
    if (capture.length == PatternMatcher::Capture::open) raise(state, "a capture of the pattern is not closed");
    if (capture.length == PatternMatcher::Capture::position)
        lua_pushinteger(state, capture.start - subject + 1);
    else
        push_text(state, {capture.start, static_cast<std::size_t>(capture.length)});
}

int push_captures(lua_State* state, const PatternMatcher& matcher, std::string_view whole, const char* subject,
                  bool whole_if_none) {
    const int count = matcher.capture_count() == 0 && whole_if_none ? 1 : matcher.capture_count();
    luaL_checkstack(state, count, "too many captures");
    for (int i = 0; i < count; ++i) push_capture(state, matcher, i, whole, subject);
    return count;
}

// Where a search begins, from the optional third argument; nothing if behind the end.
std::optional<std::size_t> start_of_search(lua_State* state, std::string_view subject) {
    const lua_Integer start = luaL_optinteger(state, 3, 1);
    const auto size = static_cast<lua_Integer>(subject.size());
    if (start > size + 1) return std::nullopt;
    if (start > 0) return static_cast<std::size_t>(start - 1);
    return start < -size || start == 0 ? 0 : static_cast<std::size_t>(size + start);
}

int find_plain(lua_State* state, std::string_view subject, std::string_view text, std::size_t start) {
    charge(state, (subject.size() - start + text.size()) / 8);
    // memmem is linear in both; std::string_view::find is not
    const void* found = text.empty()
                            ? subject.data() + start
                            : ::memmem(subject.data() + start, subject.size() - start, text.data(), text.size());
    if (found == nullptr) {
        lua_pushnil(state);
        return 1;
    }
    const auto at = static_cast<const char*>(found) - subject.data();
    lua_pushinteger(state, at + 1);
    lua_pushinteger(state, at + static_cast<lua_Integer>(text.size()));
    return 2;
}

int search(lua_State* state, bool wants_place) {
    charge(state, 1);
    const auto subject = text_at(state, 1);
    auto pattern = text_at(state, 2);
    const auto first = start_of_search(state, subject);
    if (!first) {
        lua_pushnil(state);
        return 1;
    }
    const bool plain = lua_toboolean(state, 4) != 0 || pattern.find_first_of("^$*+?.([%-") == std::string_view::npos;
    if (wants_place && plain) return find_plain(state, subject, pattern, *first);
    const bool anchored = pattern.starts_with('^');
    if (anchored) pattern.remove_prefix(1);
    PatternMatcher matcher(subject, pattern, context_of(state).meter);
    for (std::size_t start = *first; start <= subject.size(); ++start) {
        if (const auto end = match_at(state, matcher, start)) {
            if (wants_place) {
                lua_pushinteger(state, static_cast<lua_Integer>(start) + 1);
                lua_pushinteger(state, static_cast<lua_Integer>(*end));
            }
            return push_captures(state, matcher, subject.substr(start, *end - start), subject.data(), !wants_place) +
                   (wants_place ? 2 : 0);
        }
        if (anchored) break;
    }
    lua_pushnil(state);
    return 1;
}

int find(lua_State* state) { return search(state, true); }
int match(lua_State* state) { return search(state, false); }

// upvalues: subject, pattern, where to go on, the end of the last match (-1: none)
int next_match(lua_State* state) {
    charge(state, 1);
    const auto subject = text_at(state, lua_upvalueindex(1));
    const auto last_end = lua_tointeger(state, lua_upvalueindex(4));
    PatternMatcher matcher(subject, text_at(state, lua_upvalueindex(2)), context_of(state).meter);
    for (auto start = static_cast<std::size_t>(lua_tointeger(state, lua_upvalueindex(3))); start <= subject.size();
         ++start) {
        const auto end = match_at(state, matcher, start);
        if (!end || static_cast<lua_Integer>(*end) == last_end) continue;
        lua_pushinteger(state, static_cast<lua_Integer>(*end));
        lua_copy(state, -1, lua_upvalueindex(3));
        lua_replace(state, lua_upvalueindex(4));
        return push_captures(state, matcher, subject.substr(start, *end - start), subject.data(), true);
    }
    lua_pushinteger(state, static_cast<lua_Integer>(subject.size()) + 1); // a later call finds nothing either
    lua_replace(state, lua_upvalueindex(3));
    return 0;
}

int gmatch(lua_State* state) {
    charge(state, 1);
    const auto subject = text_at(state, 1);
    text_at(state, 2);
    const auto first = start_of_search(state, subject);
    lua_settop(state, 2);
    lua_pushinteger(state, static_cast<lua_Integer>(first.value_or(subject.size() + 1)));
    lua_pushinteger(state, -1);
    lua_pushcclosure(state, next_match, 4);
    return 1;
}

struct Match {
    const PatternMatcher& matcher;
    std::string_view whole;
    const char* subject;
};

void append(lua_State* state, std::string& result, std::string_view text) {
    if (result.size() + text.size() > max_string_bytes)
        stop_check(state, Stop::Why::limit,
                   "builds a string of more than " + std::to_string(max_string_bytes) +
                       " bytes, the longest that a check may have",
                   script_line(state));
    charge(state, text.size() / 8);
    result += text;
}

void append_template(lua_State* state, std::string& result, const Match& match, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            append(state, result, text.substr(i, 1));
            continue;
        }
        const char next = ++i < text.size() ? text[i] : '\0';
        if (next == '%') {
            append(state, result, "%");
        } else if (next == '0') {
            append(state, result, match.whole);
        } else if (next >= '1' && next <= '9') {
            push_capture(state, match.matcher, next - '1', match.whole, match.subject);
            append(state, result, text_at(state, -1));
            lua_pop(state, 1);
        } else {
            raise(state, "a '%' in the replacement must be followed by a digit or another '%'");
        }
    }
}

// The third argument of gsub is a template, a table or a function; the last two can leave the match as it is.
void append_replacement(lua_State* state, std::string& result, const Match& match) {
    const int type = lua_type(state, 3);
    if (type == LUA_TSTRING || type == LUA_TNUMBER) {
        append_template(state, result, match, text_at(state, 3));
        return;
    }
    if (type == LUA_TFUNCTION) {
        lua_pushvalue(state, 3);
        const int count = push_captures(state, match.matcher, match.whole, match.subject, true);
        lua_call(state, count, 1);
    } else {
        push_capture(state, match.matcher, 0, match.whole, match.subject);
        lua_gettable(state, 3);
    }
    const bool replaced = lua_toboolean(state, -1) != 0;
    if (replaced && lua_isstring(state, -1) == 0)
        raise(state, std::string("a replacement must be a string or a number, not a ") + luaL_typename(state, -1));
    append(state, result, replaced ? text_at(state, -1) : match.whole);
    lua_pop(state, 1);
}

int gsub(lua_State* state) {
    charge(state, 1);
    const auto subject = text_at(state, 1);
    auto pattern = text_at(state, 2);
    const int type = lua_type(state, 3);
    luaL_argexpected(state, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE,
                     3, "string/function/table");
    const lua_Integer most = luaL_optinteger(state, 4, static_cast<lua_Integer>(subject.size()) + 1);
    lua_settop(state, 3);
    const bool anchored = pattern.starts_with('^');
    if (anchored) pattern.remove_prefix(1);
    PatternMatcher matcher(subject, pattern, context_of(state).meter);
    std::string result;
    std::size_t at = 0;
    std::optional<std::size_t> last_end;
    lua_Integer count = 0;
    while (count < most) {
        const auto end = match_at(state, matcher, at);
        if (end && end != last_end) {
            ++count;
            append_replacement(state, result, {matcher, subject.substr(at, *end - at), subject.data()});
            at = *end;
            last_end = end;
        } else if (at < subject.size()) {
            append(state, result, subject.substr(at++, 1));
        } else {
            break;
        }
        if (anchored) break;
    }
    if (at < subject.size()) append(state, result, subject.substr(at));
    push_text(state, result);
    lua_pushinteger(state, count);
    return 2;
}

} // namespace

void add_pattern_functions(lua_State* state) {
    constexpr std::array functions{luaL_Reg{"find", find}, luaL_Reg{"gmatch", gmatch}, luaL_Reg{"gsub", gsub},
                                   luaL_Reg{"match", match}, luaL_Reg{nullptr, nullptr}};
    luaL_setfuncs(state, functions.data(), 0);
}

} // namespace ktstr::lua
