// SPDX-License-Identifier: GPL-2.0-only
#include "guest/work/lua_loop.h"

#include <sys/mman.h>

#include "guest/work/loops.h"
#include "interp/plan/disk.h"

namespace ktstr::guest {

namespace {

constexpr std::size_t memory_limit = std::size_t{16} << 20U;
constexpr int hook_interval = 1000; // instructions
const char stop_token = 0;          // its address is the error object of a stop

void look_around(lua_State* state, lua_Debug*) {
    LuaLoop& loop = LuaLoop::of(state);
    loop.worker.observe();
    loop.stop_if_told(state);
}

// As the message handler of a call: keeps the line for errors that name none.
int note_line(lua_State* state) {
    *static_cast<int*>(lua_touserdata(state, lua_upvalueindex(1))) = lua::script_line(state);
    return 1;
}

} // namespace

LuaLoop::LuaLoop(Worker& its_worker)
    : worker(its_worker),
      random(static_cast<std::uint64_t>(its_worker.setting().first) + static_cast<std::uint64_t>(its_worker.member())),
      memory_(memory_limit, nullptr), state_(memory_), file_("program") {
    if (const auto& source = worker.setting().work.program_source) {
        file_ = source->file;
        first_line_ = source->line;
    }
}

LuaLoop::~LuaLoop() {
    for (const auto& block : blocks)
        if (block.start != nullptr) ::munmap(block.start, block.bytes);
}

void LuaLoop::stop_if_told(lua_State* state) const {
    if (worker.running()) return;
    lua_pushlightuserdata(state, const_cast<char*>(&stop_token));
    lua_error(state);
}

GroupSlot& LuaLoop::group() { return worker.group_size() > 1 ? worker.group() : own_group_; }

Disk& LuaLoop::disk(lua_State* state) {
    if (worker.setting().disk.bytes == 0)
        luaL_error(state, "this work has no part of the scratch disk: give it one, as in `disk: 16MiB`");
    if (!disk_) disk_.emplace(worker, plan::sequence_block);
    return *disk_;
}

void LuaLoop::fail(int status) {
    const auto message = lua::split_position(state_.get(), file_, -1);
    int line = message.line > 0 ? message.line : failed_line_;
    std::string text = message.text;
    if (status == LUA_ERRMEM) {
        line = memory_.refused_at_line();
        text = "needs more memory than the 16 MiB that a work loop may have for its values";
    }
    worker.refuse(file_ + ":" + std::to_string(line > 0 ? line : first_line_) + ": " + text);
}

void LuaLoop::run() {
    lua_State* state = state_.get();
    if (state == nullptr) worker.refuse("there is no memory for Lua");
    *static_cast<LuaLoop**>(lua_getextraspace(state)) = this;
    const auto& program = worker.value<std::string>("program");
    open_work_functions(state);
    lua_pushlightuserdata(state, &failed_line_);
    lua_pushcclosure(state, note_line, 1);                                                                      // 1
    if (const int status = lua::load_chunk(state, program, file_, first_line_); status != LUA_OK) fail(status); // 2
    lua_sethook(state, look_around, LUA_MASKCOUNT, hook_interval);
    while (worker.running()) {
        unit_done = false;
        lua_pushvalue(state, 2);
        const int status = lua_pcall(state, 0, 0, 1);
        if (!worker.running()) return;
        if (status != LUA_OK) fail(status);
        if (!unit_done) worker.pass();
    }
}

namespace work {

void custom(Worker& worker) { LuaLoop(worker).run(); }

} // namespace work

} // namespace ktstr::guest
