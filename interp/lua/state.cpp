// SPDX-License-Identifier: GPL-2.0-only
#include "interp/lua/state.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>

namespace ktstr::lua {

namespace {

constexpr int hook_interval = 1000;
const char stop_token = 0; // its address is the error object of a stop

std::string human_bytes(std::size_t bytes) {
    constexpr std::size_t mib = std::size_t{1} << 20U;
    return bytes % mib == 0 ? std::to_string(bytes / mib) + " MiB" : std::to_string(bytes) + " bytes";
}

// Gives Lua the chunk with as many empty lines before it as stand before it in the file.
struct ChunkReader {
    static constexpr std::string_view newlines = "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n";
    std::string_view chunk;
    std::size_t lines_left;
    bool chunk_given = false;

    static const char* read(lua_State*, void* data, std::size_t* size) {
        auto& reader = *static_cast<ChunkReader*>(data);
        if (reader.lines_left > 0) {
            *size = std::min(reader.lines_left, newlines.size());
            reader.lines_left -= *size;
            return newlines.data();
        }
        *size = reader.chunk_given ? 0 : reader.chunk.size();
        reader.chunk_given = true;
        return reader.chunk.data();
    }
};

std::string error_text(lua_State* state, int index) {
    const int type = lua_type(state, index);
    if (type == LUA_TSTRING) {
        std::size_t size = 0;
        const char* text = lua_tolstring(state, index, &size);
        return {text, std::min<std::size_t>(size, 2000)};
    }
    if (type == LUA_TNUMBER) return "the script raised the number " + std::to_string(lua_tonumber(state, index));
    if (type == LUA_TNIL) return "the script raised an error without a message (nil)";
    return std::string("the script raised an error that is no text but a ") + lua_typename(state, type);
}

} // namespace

bool Memory::grants(std::size_t old_size, std::size_t new_size) const {
    if (new_size <= old_size) return true; // Lua relies on shrinking
    return refusals_ < patience && new_size - old_size <= limit_ - used_;
}

// Lua calls it with its call stack in order and its program counters saved, so the line can be had; asking for it
// allocates nothing.
void Memory::refuse(bool string) {
    ++refusals_;
    long_string_ = string;
    if (state_ != nullptr) line_ = script_line(state_);
}

void* Memory::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
    auto& memory = *static_cast<Memory*>(self);
    // A string's header is 24 bytes; for a new block, Lua passes the kind of object in place of the old size.
    const bool long_string = block == nullptr && old_size == LUA_TSTRING && new_size > max_string_bytes + 64;
    if (block == nullptr) old_size = 0;
    if (new_size == 0) {
        std::free(block);
        memory.used_ -= old_size;
        return nullptr;
    }
    if (long_string || !memory.grants(old_size, new_size)) {
        memory.refuse(long_string);
        return nullptr;
    }
    void* moved = std::realloc(block, new_size);
    if (moved == nullptr) {
        if (new_size <= old_size) return block;
        memory.refuse(false);
        return nullptr;
    }
    if (new_size > old_size && memory.meter_ != nullptr) memory.meter_->spend((new_size - old_size) / 64);
    memory.used_ = memory.used_ - old_size + new_size;
    return moved;
}

std::string Memory::reason() const {
    return long_string_
               ? "builds a string of more than " + human_bytes(max_string_bytes) + ", the longest that a check may have"
               : "needs more than the " + human_bytes(limit_) + " of memory that a check may have";
}

State::State(Memory& memory) : state_(lua_newstate(Memory::allocate, &memory)) {
    if (state_ != nullptr) memory.watch(state_);
}

State::~State() {
    if (state_ != nullptr) lua_close(state_);
}

Context::Context(const nlohmann::json& run_record, const CheckLimits& check_limits)
    : record(run_record), limits(check_limits), meter(limits.instructions, limits.cpu_ms),
      memory(limits.memory_bytes, &meter) {}

Context& context_of(lua_State* state) { return **static_cast<Context**>(lua_getextraspace(state)); }

void set_context(lua_State* state, Context& context) { *static_cast<Context**>(lua_getextraspace(state)) = &context; }

int load_chunk(lua_State* state, std::string_view chunk, std::string_view chunk_name, int first_line) {
    ChunkReader reader{chunk, static_cast<std::size_t>(std::max(first_line, 1) - 1)};
    return lua_load(state, ChunkReader::read, &reader, ("=" + std::string(chunk_name)).c_str(), "t");
}

Message split_position(lua_State* state, std::string_view chunk_name, int index) {
    Message message{error_text(state, index), 0};
    // Lua shortens a long name in the same way.
    const std::string prefix = std::string(chunk_name.substr(0, LUA_IDSIZE - 1)) + ":";
    if (!message.text.starts_with(prefix)) return message;
    const char* end = message.text.data() + message.text.size();
    int line = 0;
    const auto number = std::from_chars(message.text.data() + prefix.size(), end, line);
    if (number.ec != std::errc{} || end - number.ptr < 2 || number.ptr[0] != ':' || number.ptr[1] != ' ')
        return message;
    message.text.erase(0, static_cast<std::size_t>(number.ptr + 2 - message.text.data()));
    message.line = line;
    return message;
}

int script_line(lua_State* state) {
    lua_Debug frame{};
    for (int level = 0; lua_getstack(state, level, &frame) == 1; ++level) {
        lua_getinfo(state, "l", &frame);
        if (frame.currentline > 0) return frame.currentline;
    }
    return 0;
}

void stop_again(lua_State* state) {
    lua_pushlightuserdata(state, const_cast<char*>(&stop_token));
    lua_error(state);
    std::abort(); // lua_error does not return
}

void stop_check(lua_State* state, Stop::Why why, std::string reason, int line) {
    auto& context = context_of(state);
    if (!context.stop) context.stop = Stop{why, std::move(reason), line};
    stop_again(state);
}

void stop_for_memory(lua_State* state) {
    const auto& memory = context_of(state).memory;
    stop_check(state, Stop::Why::limit, memory.reason(), memory.refused_at_line());
}

// A script can raise Lua's own message for it, which makes the status the same.
bool is_out_of_memory(lua_State* state, int status) {
    return status == LUA_ERRMEM && context_of(state).memory.refused();
}

void raise(lua_State* state, const std::string& message) {
    luaL_checkstack(state, 3, nullptr);
    luaL_where(state, 1);
    push_text(state, message);
    lua_concat(state, 2);
    lua_error(state);
    std::abort(); // lua_error does not return
}

void charge(lua_State* state, std::uint64_t cost) {
    auto& context = context_of(state);
    if (context.stop) stop_again(state);
    if (context.meter.spend(cost)) return;
    const bool time = context.meter.exhausted() == Meter::Exhausted::cpu_time;
    stop_check(state, Stop::Why::limit,
               time ? "takes more than the " + std::to_string(context.limits.cpu_ms) +
                          " ms of CPU time that a check may have"
                    : "runs longer than the " + std::to_string(context.limits.instructions) +
                          " instructions that a check may have",
               script_line(state));
}

namespace {

// An instruction that passes a function's extra arguments on copies them all: with a million of them it takes as long
// as a million others. So a function that has many is charged for them.
std::uint64_t extra_argument_cost(lua_State* state, const lua_Debug* frame) {
    const auto has = [&](int count) {
        if (lua_getlocal(state, frame, -count) == nullptr) return false;
        lua_pop(state, 1);
        return true;
    };
    int count = 64;
    while (count < 1'000'000 && has(count)) count *= 2;
    return static_cast<std::uint64_t>(count) / 64;
}

void count_instructions(lua_State* state, lua_Debug* frame) {
    charge(state, static_cast<std::uint64_t>(lua_gethookcount(state)) * extra_argument_cost(state, frame));
}

} // namespace

void charge_instructions(lua_State* state) {
    const auto interval = std::clamp<std::uint64_t>(context_of(state).limits.instructions, 1, hook_interval);
    lua_sethook(state, count_instructions, LUA_MASKCOUNT, static_cast<int>(interval));
}

} // namespace ktstr::lua
