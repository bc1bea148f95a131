// SPDX-License-Identifier: GPL-2.0-only
// What a work loop in Lua may call.
#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "guest/work/buffer.h"
#include "guest/work/files.h"
#include "guest/work/lua_loop.h"

namespace ktstr::guest {

namespace {

constexpr std::size_t pipe_piece = 64U << 10U; // bytes per system call

// A number of 0 or more.
std::uint64_t amount(lua_State* state, int index) {
    const lua_Integer value = luaL_checkinteger(state, index);
    luaL_argcheck(state, value >= 0, index, "less than 0");
    return static_cast<std::uint64_t>(value);
}

// A number of 0 .. count - 1.
std::size_t index_below(lua_State* state, int index, std::size_t count, const char* what) {
    const lua_Integer value = luaL_checkinteger(state, index);
    if (value < 0 || static_cast<std::uint64_t>(value) >= count)
        luaL_error(state, "%I is not the number of a %s: they are 0 to %I", value, what,
                   static_cast<lua_Integer>(count) - 1);
    return static_cast<std::size_t>(value);
}

std::uint32_t word_value(lua_State* state, int index) {
    return static_cast<std::uint32_t>(luaL_checkinteger(state, index));
}

int done(lua_State* state) {
    LuaLoop::of(state).stop_if_told(state);
    return 0;
}

int spin_for(lua_State* state) {
    LuaLoop::of(state).worker.compute(amount(state, 1));
    return done(state);
}

int sleep_for(lua_State* state) {
    LuaLoop::of(state).worker.sleep_for(amount(state, 1));
    return done(state);
}

int yield(lua_State* state) {
    ::sched_yield();
    LuaLoop::of(state).worker.observe();
    return done(state);
}

int unit(lua_State* state) {
    LuaLoop& loop = LuaLoop::of(state);
    const std::uint64_t units = lua_isnoneornil(state, 1) ? 1 : amount(state, 1);
    loop.stop_if_told(state);
    loop.worker.pass(units);
    loop.unit_done = true;
    return 0;
}

int running(lua_State* state) {
    lua_pushboolean(state, LuaLoop::of(state).worker.running());
    return 1;
}

int member(lua_State* state) {
    lua_pushinteger(state, LuaLoop::of(state).worker.member());
    return 1;
}

int group_size(lua_State* state) {
    lua_pushinteger(state, LuaLoop::of(state).worker.group_size());
    return 1;
}

int clock_ns(lua_State* state) {
    lua_pushinteger(state, static_cast<lua_Integer>(monotonic_ns()));
    return 1;
}

int random_up_to(lua_State* state) {
    const lua_Integer most = luaL_checkinteger(state, 1);
    luaL_argcheck(state, most >= 1, 1, "less than 1");
    const std::uint64_t drawn = LuaLoop::of(state).random() % static_cast<std::uint64_t>(most);
    lua_pushinteger(state, static_cast<lua_Integer>(drawn) + 1);
    return 1;
}

// --- futex -----------------------------------------------------------------------------------------------------------

std::size_t word_number(lua_State* state, int index) {
    return index_below(state, index, GroupSlot::word_count, "word");
}

FutexWord& word_at(lua_State* state, int index) {
    return LuaLoop::of(state).group().words.at(word_number(state, index));
}

CallStamp& stamp_at(lua_State* state, int index) {
    return LuaLoop::of(state).group().words_called.at(word_number(state, index));
}

int futex_load(lua_State* state) {
    lua_pushinteger(state, word_at(state, 1).load());
    return 1;
}

int futex_store(lua_State* state) {
    word_at(state, 1).store(word_value(state, 2));
    return 0;
}

int futex_add(lua_State* state) {
    const std::uint32_t added = word_value(state, 2);
    lua_pushinteger(state, word_at(state, 1).fetch_add(added) + added);
    return 1;
}

int futex_swap(lua_State* state) {
    std::uint32_t expected = word_value(state, 2);
    lua_pushboolean(state, word_at(state, 1).compare_exchange_strong(expected, word_value(state, 3)));
    return 1;
}

int futex_wait_while(lua_State* state) {
    LuaLoop& loop = LuaLoop::of(state);
    FutexWord& word = word_at(state, 1);
    const std::uint32_t value = word_value(state, 2);
    if (lua_isnoneornil(state, 3)) {
        loop.worker.wait_while(word, value, stamp_at(state, 1), Sleepers::several);
    } else {
        const std::uint64_t since = ticks_now();
        loop.worker.wait_until(word, value, monotonic_ns() + amount(state, 3));
        if (word.load() != value) loop.worker.note_wake(stamp_at(state, 1), since);
    }
    loop.worker.observe();
    loop.stop_if_told(state);
    lua_pushboolean(state, word.load() != value);
    return 1;
}

int futex_wake_up(lua_State* state) {
    const std::uint64_t most = lua_isnoneornil(state, 2) ? INT_MAX : amount(state, 2);
    stamp_at(state, 1).call_any();
    futex_wake(word_at(state, 1), static_cast<int>(std::min<std::uint64_t>(most, INT_MAX)));
    return 0;
}

// --- pipe ------------------------------------------------------------------------------------------------------------

template <typename Transfer> int transfer(lua_State* state, std::uint64_t size, const Transfer& one) {
    LuaLoop& loop = LuaLoop::of(state);
    loop.bytes.resize(pipe_piece);
    while (size > 0) {
        const std::size_t piece = std::min<std::uint64_t>(size, pipe_piece);
        if (!one(loop, piece)) break;
        size -= piece;
    }
    loop.worker.observe();
    return done(state);
}

// A pipe for each member: the end that is read, then the one that is written.
int pipe_write(lua_State* state) {
    const LuaLoop& loop = LuaLoop::of(state);
    const auto members = static_cast<std::size_t>(loop.worker.group_size());
    const std::size_t member = index_below(state, 1, members, "member");
    const int fd = loop.worker.setting().files.at(member * 2 + 1);
    WorkerSlot& to = loop.worker.slot_of(static_cast<int>(member));
    return transfer(state, amount(state, 2), [fd, &to](LuaLoop& its, std::size_t size) {
        return send_all(its.worker, fd, to, its.bytes.data(), size);
    });
}

int pipe_read(lua_State* state) {
    const LuaLoop& loop = LuaLoop::of(state);
    const int fd = loop.worker.setting().files.at(static_cast<std::size_t>(loop.worker.member()) * 2);
    return transfer(state, amount(state, 1), [fd](LuaLoop& its, std::size_t size) {
        return receive_all(its.worker, fd, its.bytes.data(), size);
    });
}

// --- disk ------------------------------------------------------------------------------------------------------------

int disk_write(lua_State* state) {
    LuaLoop& loop = LuaLoop::of(state);
    loop.disk(state).write(amount(state, 1));
    loop.worker.observe();
    return done(state);
}

int disk_read(lua_State* state) {
    LuaLoop& loop = LuaLoop::of(state);
    loop.disk(state).read(amount(state, 1));
    loop.worker.observe();
    return done(state);
}

int disk_blocks(lua_State* state) {
    lua_pushinteger(state, static_cast<lua_Integer>(LuaLoop::of(state).disk(state).blocks()));
    return 1;
}

// --- memory ----------------------------------------------------------------------------------------------------------

LuaLoop::Block& block_at(lua_State* state, int index) {
    auto& blocks = LuaLoop::of(state).blocks;
    const lua_Integer number = luaL_checkinteger(state, index);
    const bool known = number >= 1 && static_cast<std::uint64_t>(number) <= blocks.size() &&
                       blocks[static_cast<std::size_t>(number) - 1].start != nullptr;
    if (!known) luaL_error(state, "%I is no memory that memory.allocate() gave, or was freed", number);
    return blocks[static_cast<std::size_t>(number) - 1];
}

int memory_allocate(lua_State* state) {
    LuaLoop& loop = LuaLoop::of(state);
    const std::uint64_t bytes = amount(state, 1);
    luaL_argcheck(state, bytes > 0, 1, "0 bytes");
    char* start = map_memory(bytes);
    if (start == nullptr) luaL_error(state, "there are no %I bytes of memory to be had", luaL_checkinteger(state, 1));
    auto place = std::find_if(loop.blocks.begin(), loop.blocks.end(),
                              [](const LuaLoop::Block& block) { return block.start == nullptr; });
    if (place == loop.blocks.end()) place = loop.blocks.insert(place, LuaLoop::Block{});
    *place = {start, bytes};
    lua_pushinteger(state, place - loop.blocks.begin() + 1);
    return 1;
}

int memory_touch(lua_State* state) {
    const LuaLoop::Block block = block_at(state, 1);
    const std::uint64_t from = lua_isnoneornil(state, 2) ? 0 : amount(state, 2);
    luaL_argcheck(state, from < block.bytes, 2, "past the end of the memory");
    const std::uint64_t bytes = lua_isnoneornil(state, 3) ? block.bytes - from : amount(state, 3);
    luaL_argcheck(state, bytes <= block.bytes - from, 3, "reaches past the end of the memory");
    touch_pages(LuaLoop::of(state).worker, block.start + from, bytes);
    return done(state);
}

int memory_free(lua_State* state) {
    LuaLoop::Block& block = block_at(state, 1);
    ::munmap(block.start, block.bytes);
    block = {};
    return 0;
}

// --- Lua's own library -----------------------------------------------------------------------------------------------

// A stop passes through it.
int protected_call(lua_State* state) {
    luaL_checkany(state, 1);
    lua_pushboolean(state, 1);
    lua_insert(state, 1);
    const int status = lua_pcall(state, lua_gettop(state) - 2, LUA_MULTRET, 0);
    LuaLoop::of(state).stop_if_told(state);
    if (status == LUA_OK) return lua_gettop(state);
    lua_pushboolean(state, 0);
    lua_insert(state, -2);
    return 2;
}

// `names` of the library's functions and constants; in the table on top of the stack.
void take(lua_State* state, const char* library, lua_CFunction open, std::initializer_list<const char*> names) {
    luaL_requiref(state, library, open, 0);
    for (const char* name : names) {
        lua_getfield(state, -1, name);
        lua_setfield(state, -3, name);
    }
    lua_pop(state, 1);
}

template <std::size_t size> void add_table(lua_State* state, const char* name, const std::array<luaL_Reg, size>& all) {
    lua_newtable(state);
    luaL_setfuncs(state, all.data(), 0);
    lua_setfield(state, -2, name);
}

// Methods of strings are those of the global table and no others.
void hide_string_library(lua_State* state) {
    lua_pushliteral(state, "");
    lua_getmetatable(state, -1);
    lua_getfield(state, -3, LUA_STRLIBNAME);
    lua_setfield(state, -2, "__index");
    lua_pop(state, 2);
}

// What can take long without an instruction of Lua (string.rep, patterns, table.move) is left out: nothing could stop
// it.
void take_lua_library(lua_State* state) {
    take(state, "_G", luaopen_base,
         {"assert", "error", "ipairs", "next", "pairs", "select", "tonumber", "tostring", "type"});
    lua_pushcfunction(state, protected_call);
    lua_setfield(state, -2, "pcall");
    lua_newtable(state);
    take(state, LUA_STRLIBNAME, luaopen_string, {"byte", "char", "format", "len", "lower", "reverse", "sub", "upper"});
    lua_setfield(state, -2, LUA_STRLIBNAME);
    hide_string_library(state);
    lua_newtable(state);
    take(state, LUA_TABLIBNAME, luaopen_table, {"concat", "insert", "pack", "remove", "sort", "unpack"});
    lua_setfield(state, -2, LUA_TABLIBNAME);
    lua_newtable(state);
    take(state, LUA_MATHLIBNAME, luaopen_math,
         {"abs",  "ceil", "floor", "fmod", "max",  "min",        "modf",      "tointeger", "type",
          "ult",  "cos",  "sin",   "tan",  "acos", "asin",       "atan",      "exp",       "log",
          "sqrt", "deg",  "rad",   "huge", "pi",   "maxinteger", "mininteger"});
    lua_setfield(state, -2, LUA_MATHLIBNAME);
}

constexpr luaL_Reg end{nullptr, nullptr};
constexpr std::array own_functions{luaL_Reg{"spin", spin_for},         luaL_Reg{"sleep", sleep_for},
                                   luaL_Reg{"yield", yield},           luaL_Reg{"unit", unit},
                                   luaL_Reg{"running", running},       luaL_Reg{"member", member},
                                   luaL_Reg{"group_size", group_size}, luaL_Reg{"clock_ns", clock_ns},
                                   luaL_Reg{"random", random_up_to},   end};
constexpr std::array futex_functions{luaL_Reg{"load", futex_load},
                                     luaL_Reg{"store", futex_store},
                                     luaL_Reg{"add", futex_add},
                                     luaL_Reg{"swap", futex_swap},
                                     luaL_Reg{"wait", futex_wait_while},
                                     luaL_Reg{"wake", futex_wake_up},
                                     end};
constexpr std::array pipe_functions{luaL_Reg{"write", pipe_write}, luaL_Reg{"read", pipe_read}, end};
constexpr std::array disk_functions{luaL_Reg{"write", disk_write}, luaL_Reg{"read", disk_read},
                                    luaL_Reg{"blocks", disk_blocks}, end};
constexpr std::array memory_functions{luaL_Reg{"allocate", memory_allocate}, luaL_Reg{"touch", memory_touch},
                                      luaL_Reg{"free", memory_free}, end};

} // namespace

void open_work_functions(lua_State* state) {
    lua_newtable(state);
    take_lua_library(state);
    luaL_setfuncs(state, own_functions.data(), 0);
    add_table(state, "futex", futex_functions);
    add_table(state, "pipe", pipe_functions);
    add_table(state, "disk", disk_functions);
    add_table(state, "memory", memory_functions);
    lua_pushnil(state); // the libraries' own tables have nobody left who knows them
    lua_setfield(state, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_rawseti(state, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_settop(state, 0);
}

} // namespace ktstr::guest
