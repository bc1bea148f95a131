// SPDX-License-Identifier: GPL-2.0-only
#include "interp/lua/sandbox.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "interp/lua/claims.h"
#include "interp/lua/state.h"

namespace ktstr::lua {

namespace {

constexpr std::uint64_t failed_pcall_cost = 500; // unwinding is dear

// --- Functions that Lua's own would be wrong for ---------------------------------------------------------------------

// A stop and a want of memory pass through it.
int protected_call(lua_State* state) {
    charge(state, 1);
    luaL_checkany(state, 1);
    lua_pushboolean(state, 1);
    lua_insert(state, 1);
    const int status = lua_pcall(state, lua_gettop(state) - 2, LUA_MULTRET, 0);
    if (context_of(state).stop) stop_again(state);
    if (status == LUA_OK) return lua_gettop(state);
    if (is_out_of_memory(state, status)) stop_for_memory(state);
    if (status != LUA_ERRRUN && status != LUA_ERRERR && status != LUA_ERRMEM)
        stop_check(state, Stop::Why::limit, "ended by a failure of the host: it has no memory left", 0);
    charge(state, failed_pcall_cost);
    lua_pushboolean(state, 0);
    lua_insert(state, -2);
    return 2;
}

int text_of(lua_State* state) {
    charge(state, 1);
    luaL_checkany(state, 1);
    push_as_text(state, 1);
    return 1;
}

// Kernel arrays count from 0, so ipairs would leave out their first element without a word.
int list_pairs(lua_State* state) {
    charge(state, 1);
    luaL_checktype(state, 1, LUA_TTABLE);
    lua_pushcfunction(state, [](lua_State* running) {
        const lua_Integer next = luaL_checkinteger(running, 2) + 1;
        lua_pushinteger(running, next);
        return lua_geti(running, 1, next) == LUA_TNIL ? 1 : 2;
    });
    lua_pushvalue(state, 1);
    lua_pushinteger(state, 0);
    return 3;
}

// A key as it is sorted; texts lie in Lua's memory, held by the list of keys.
struct Key {
    int rank = 0; // numbers, texts, booleans, then the rest
    lua_Number number = 0;
    const char* text = nullptr;
    std::size_t size = 0;
    lua_Integer position = 0; // in the list of keys

    bool operator<(const Key& other) const {
        if (rank != other.rank) return rank < other.rank;
        if (number != other.number) return number < other.number;
        if (const int order = std::string_view(text, size).compare({other.text, other.size}); order != 0)
            return order < 0;
        return position < other.position;
    }
};

Key key_at(lua_State* state, int index, lua_Integer position) {
    Key key;
    key.position = position;
    switch (lua_type(state, index)) {
    case LUA_TNUMBER: key.number = lua_tonumber(state, index); break;
    case LUA_TSTRING:
        key.rank = 1;
        key.text = lua_tolstring(state, index, &key.size);
        break;
    case LUA_TBOOLEAN:
        key.rank = 2;
        key.number = lua_toboolean(state, index);
        break;
    default: key.rank = 3;
    }
    return key;
}

// upvalues: the table, the list of its keys, their order (Key[]), their number, how many are done
int next_in_order(lua_State* state) {
    charge(state, 1);
    const auto* order = static_cast<const Key*>(lua_touserdata(state, lua_upvalueindex(3)));
    const lua_Integer count = lua_tointeger(state, lua_upvalueindex(4));
    lua_Integer done = lua_tointeger(state, lua_upvalueindex(5));
    int type = LUA_TNIL;
    while (done < count && type == LUA_TNIL) { // a key whose value was taken away meanwhile is left out
        lua_settop(state, 0);
        lua_rawgeti(state, lua_upvalueindex(2), order[done++].position);
        lua_pushvalue(state, 1);
        type = lua_rawget(state, lua_upvalueindex(1));
    }
    lua_pushinteger(state, done);
    lua_replace(state, lua_upvalueindex(5));
    if (type != LUA_TNIL) return 2;
    lua_pushnil(state);
    return 1;
}

// In the order of the keys: Lua's own order differs from run to run, and with it a verdict could.
int ordered_pairs(lua_State* state) {
    charge(state, 1);
    luaL_checkany(state, 1);
    if (luaL_getmetafield(state, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(state, 1);
        lua_call(state, 1, 3);
        return 3;
    }
    luaL_checktype(state, 1, LUA_TTABLE);
    lua_settop(state, 1);
    lua_pushvalue(state, 1);
    lua_newtable(state); // 3: the keys
    lua_Integer count = 0;
    lua_pushnil(state);
    while (lua_next(state, 1) != 0) {
        charge(state, 10);
        lua_pop(state, 1);
        lua_pushvalue(state, -1);
        lua_rawseti(state, 3, ++count);
    }
    auto* order = static_cast<Key*>(
        lua_newuserdatauv(state, std::max<std::size_t>(1, static_cast<std::size_t>(count)) * sizeof(Key), 0));
    for (lua_Integer i = 1; i <= count; ++i) {
        lua_rawgeti(state, 3, i);
        order[i - 1] = key_at(state, -1, i);
        lua_pop(state, 1);
    }
    std::sort(order, order + count);
    lua_pushinteger(state, count);
    lua_pushinteger(state, 0);
    lua_pushcclosure(state, next_in_order, 5);
    return 1;
}

int print_note(lua_State* state) {
    charge(state, 1);
    const int count = lua_gettop(state);
    std::string text;
    for (int i = 1; i <= count && text.size() <= max_note_bytes; ++i) {
        if (i > 1) text += '\t';
        push_as_text(state, i);
        text += text_at(state, -1).substr(0, max_note_bytes);
        lua_pop(state, 1);
    }
    add_note(context_of(state), text);
    return 0;
}

// --- What the functions of Lua's library cost ------------------------------------------------------------------------

// Of any function: the values it is given, and the bytes of the texts among them.
std::uint64_t argument_cost(lua_State* state) {
    const int count = lua_gettop(state);
    std::uint64_t bytes = 0;
    for (int i = 1; i <= count; ++i)
        if (lua_type(state, i) == LUA_TSTRING) bytes += lua_rawlen(state, i);
    return 1 + static_cast<std::uint64_t>(count) + bytes / 8;
}

std::uint64_t elements(lua_Integer first, lua_Integer last) {
    return last < first ? 0 : static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first) + 1;
}

lua_Integer length_or_zero(lua_State* state, int index) {
    return lua_istable(state, index) ? luaL_len(state, index) : 0;
}

// insert(t, pos, x), remove(t, pos): all elements from pos on move.
template <int arguments> std::uint64_t shift_cost(lua_State* state) {
    return lua_gettop(state) == arguments ? elements(lua_tointeger(state, 2), length_or_zero(state, 1)) : 0;
}

// unpack(t, i, j), and concat(t, separator, i, j) from its third argument on.
template <int first> std::uint64_t range_cost(lua_State* state) {
    const lua_Integer last =
        lua_isnoneornil(state, first + 1) ? length_or_zero(state, 1) : lua_tointeger(state, first + 1);
    return elements(lua_isnoneornil(state, first) ? 1 : lua_tointeger(state, first), last);
}

std::uint64_t move_cost(lua_State* state) { return elements(lua_tointeger(state, 2), lua_tointeger(state, 3)); }

// Texts that would be too long end the check here: the library would first spend time on them (the empty text repeated
// 10^18 times spends it without memory).
std::uint64_t repeat_cost(lua_State* state) {
    const auto count = lua_tointeger(state, 2);
    if (count <= 0 || lua_type(state, 1) != LUA_TSTRING) return 0;
    const std::uint64_t one = lua_rawlen(state, 1) + (lua_type(state, 3) == LUA_TSTRING ? lua_rawlen(state, 3) : 0);
    if (static_cast<std::uint64_t>(count) > max_string_bytes / std::max<std::uint64_t>(one, 1))
        stop_check(state, Stop::Why::limit,
                   "repeats a string to more than " + std::to_string(max_string_bytes) +
                       " bytes or times, the most that a check may",
                   script_line(state));
    return static_cast<std::uint64_t>(count);
}

// %p would show an address, and so would %s of a table.
std::uint64_t format_cost(lua_State* state) {
    const auto format = text_at(state, 1);
    for (std::size_t at = format.find('%'); at != std::string_view::npos; at = format.find('%', at)) {
        at = format.find_first_not_of("-+ #.0123456789", at + 1);
        if (at == std::string_view::npos) break;
        if (format[at] == 'p') raise(state, "string.format has no %p in a check: addresses differ from run to run");
        ++at;
    }
    for (int i = 2; i <= lua_gettop(state); ++i) {
        const int type = lua_type(state, i);
        if (type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING) continue;
        push_as_text(state, i);
        lua_replace(state, i);
    }
    return 0;
}

int charged_less_than(lua_State* state) {
    charge(state, argument_cost(state));
    lua_pushboolean(state, lua_compare(state, 1, 2, LUA_OPLT));
    return 1;
}

// Every comparison is counted: with a function of Lua by the hook, else here.
std::uint64_t sort_cost(lua_State* state) {
    if (lua_isnoneornil(state, 2)) {
        lua_settop(state, 1);
        lua_pushcfunction(state, charged_less_than);
    }
    return static_cast<std::uint64_t>(std::max<lua_Integer>(0, length_or_zero(state, 1)));
}

using Cost = std::uint64_t (*)(lua_State*);
struct Function {
    const char* name;
    Cost extra = nullptr;
};

constexpr std::array base_functions{Function{"assert"},   Function{"error"},    Function{"next"},
                                    Function{"rawequal"}, Function{"rawget"},   Function{"rawlen"},
                                    Function{"select"},   Function{"tonumber"}, Function{"type"}};
constexpr std::array string_functions{Function{"byte"},     Function{"char"},   Function{"format", format_cost},
                                      Function{"len"},      Function{"lower"},  Function{"pack"},
                                      Function{"packsize"}, Function{"unpack"}, Function{"rep", repeat_cost},
                                      Function{"reverse"},  Function{"sub"},    Function{"upper"}};
constexpr std::array table_functions{Function{"concat", range_cost<3>}, Function{"insert", shift_cost<3>},
                                     Function{"move", move_cost},       Function{"pack"},
                                     Function{"remove", shift_cost<2>}, Function{"sort", sort_cost},
                                     Function{"unpack", range_cost<2>}};
constexpr std::array math_functions{
    Function{"abs"},  Function{"ceil"},      Function{"floor"}, Function{"fmod"}, Function{"max"}, Function{"min"},
    Function{"modf"}, Function{"tointeger"}, Function{"type"},  Function{"ult"},  Function{"cos"}, Function{"sin"},
    Function{"tan"},  Function{"acos"},      Function{"asin"},  Function{"atan"}, Function{"exp"}, Function{"log"},
    Function{"sqrt"}, Function{"deg"},       Function{"rad"}};
constexpr std::array utf8_functions{Function{"char"}, Function{"codepoint"}, Function{"codes"}, Function{"len"},
                                    Function{"offset"}};

// upvalues: Lua's own function, what it costs beyond its arguments
int charged_call(lua_State* state) {
    charge(state, argument_cost(state));
    if (const auto* function = static_cast<const Function*>(lua_touserdata(state, lua_upvalueindex(2)));
        function->extra != nullptr)
        charge(state, function->extra(state));
    return lua_tocfunction(state, lua_upvalueindex(1))(state);
}

// Moves the functions from the library's table at `from` to the table on top.
template <std::size_t count> void take(lua_State* state, int from, const std::array<Function, count>& functions) {
    for (const auto& function : functions) {
        lua_getfield(state, from, function.name);
        lua_pushlightuserdata(state, const_cast<Function*>(&function));
        lua_pushcclosure(state, charged_call, 2);
        lua_setfield(state, -2, function.name);
    }
}

void take_constants(lua_State* state, int from, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        lua_getfield(state, from, name);
        lua_setfield(state, -2, name);
    }
}

// Leaves the library's own table on the stack.
int open_library(lua_State* state, const char* name, lua_CFunction open) {
    luaL_requiref(state, name, open, 0);
    return lua_gettop(state);
}

// The numbers that a check draws are those of the run's seed.
void seed_random(lua_State* state, int math) {
    const auto& record = context_of(state).record;
    const auto seed = record.find("seed");
    lua_getfield(state, math, "randomseed");
    lua_pushinteger(state, seed != record.end() && seed->is_number_integer()
                               ? static_cast<lua_Integer>(seed->get<std::uint64_t>())
                               : 0);
    lua_call(state, 1, 0);
}

// One table each for the global and the methods of strings; the metatable itself is out of reach.
void install_string_library(lua_State* state) {
    lua_pushliteral(state, "");
    lua_getmetatable(state, -1);
    lua_pushvalue(state, -3);
    lua_setfield(state, -2, "__index");
    lua_pushboolean(state, 0);
    lua_setfield(state, -2, "__metatable");
    lua_pop(state, 2);
}

} // namespace

void push_as_text(lua_State* state, int index) {
    const int type = lua_type(state, index);
    const bool has_address = type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TLIGHTUSERDATA;
    if (has_address)
        lua_pushstring(state, lua_typename(state, type));
    else
        luaL_tolstring(state, index, nullptr);
}

void open_sandbox(lua_State* state) {
    lua_settop(state, 0);
    lua_newtable(state); // 1: the globals to be
    const int base = open_library(state, "_G", luaopen_base);
    lua_pushvalue(state, 1);
    take(state, base, base_functions);
    constexpr std::array own{luaL_Reg{"pcall", protected_call}, luaL_Reg{"tostring", text_of},
                             luaL_Reg{"ipairs", list_pairs},    luaL_Reg{"pairs", ordered_pairs},
                             luaL_Reg{"print", print_note},     luaL_Reg{nullptr, nullptr}};
    luaL_setfuncs(state, own.data(), 0);
    lua_pop(state, 1);

    const int strings = open_library(state, LUA_STRLIBNAME, luaopen_string);
    lua_newtable(state);
    take(state, strings, string_functions);
    add_pattern_functions(state);
    install_string_library(state);
    lua_setfield(state, 1, LUA_STRLIBNAME);

    const int tables = open_library(state, LUA_TABLIBNAME, luaopen_table);
    lua_newtable(state);
    take(state, tables, table_functions);
    lua_setfield(state, 1, LUA_TABLIBNAME);

    const int math = open_library(state, LUA_MATHLIBNAME, luaopen_math);
    seed_random(state, math);
    lua_newtable(state);
    take(state, math, math_functions);
    take_constants(state, math, {"huge", "pi", "maxinteger", "mininteger", "random"});
    lua_setfield(state, 1, LUA_MATHLIBNAME);

    const int utf8 = open_library(state, LUA_UTF8LIBNAME, luaopen_utf8);
    lua_newtable(state);
    take(state, utf8, utf8_functions);
    take_constants(state, utf8, {"charpattern"});
    lua_setfield(state, 1, LUA_UTF8LIBNAME);

    lua_pushnil(state); // the library's own tables have nobody left who knows them
    lua_setfield(state, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushvalue(state, 1);
    lua_rawseti(state, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_settop(state, 0);
}

} // namespace ktstr::lua
