// SPDX-License-Identifier: GPL-2.0-only
// One Lua state with its limits. Private to the room, as everything that includes lua.hpp.
//
// The room links the build of Lua that raises its errors as C++ exceptions: a C++ function called by Lua may hold
// objects with destructors where it raises one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <lua.hpp>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "interp/lua/check.h"
#include "interp/lua/meter.h"

namespace ktstr::lua {

// Lua's memory: a limit for all of it and one for each string. Lua answers a refusal with a full collection and a
// second try, which takes long when little is left, so after a few refusals all growth is refused.
class Memory {
  public:
    Memory(std::size_t limit, Meter* meter) : limit_(limit), meter_(meter) {}

    static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size); // a lua_Alloc
    void watch(lua_State* state) { state_ = state; }
    [[nodiscard]] bool refused() const { return refusals_ > 0; }
    [[nodiscard]] int refused_at_line() const { return line_; } // of the script, at the last refusal
    [[nodiscard]] std::string reason() const;

  private:
    [[nodiscard]] bool grants(std::size_t old_size, std::size_t new_size) const;
    void refuse(bool string);

    static constexpr int patience = 4;
    std::size_t limit_;
    Meter* meter_; // charged for what is allocated; may be null
    std::size_t used_ = 0;
    int refusals_ = 0;
    bool long_string_ = false;
    lua_State* state_ = nullptr;
    int line_ = 0;
};

// Owns a lua_State. Null if the memory's limit is too low for an empty one.
class State {
  public:
    explicit State(Memory& memory);
    ~State();
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    [[nodiscard]] lua_State* get() const { return state_; }

  private:
    lua_State* state_;
};

// Why a script must end before its last line. From then on nothing of it runs: pcall hands the error on.
struct Stop {
    enum class Why { skip, fail, limit };
    Why why = Why::limit;
    std::string reason;
    int line = 0;
};

// claim("queued", "ns") until it states something.
struct ClaimSubject {
    std::string name;
    std::string unit;
    int line = 0;
    bool stated = false;
};

// What the functions of one check share.
struct Context {
    const nlohmann::json& record;
    const CheckLimits& limits;
    SeriesSource* series = nullptr; // may be null
    Meter meter;
    Memory memory;
    std::optional<Stop> stop;
    std::vector<ClaimSubject> subjects;
    CheckOutcome outcome;

    Context(const nlohmann::json& run_record, const CheckLimits& check_limits);
};

Context& context_of(lua_State* state);
void set_context(lua_State* state, Context& context);

// Loads a chunk so that all lines that Lua names are lines of the .ktl file. Leaves the function or the message.
int load_chunk(lua_State* state, std::string_view chunk, std::string_view chunk_name, int first_line);

struct Message {
    std::string text;
    int line = 0; // 0: the text named none
};
// Takes "file:line: " off the front of an error message. Calls nothing of Lua that allocates.
Message split_position(lua_State* state, std::string_view chunk_name, int index);

// The line that the innermost Lua function is on; 0 if there is none.
int script_line(lua_State* state);

// Ends the check: the script cannot catch it.
[[noreturn]] void stop_check(lua_State* state, Stop::Why why, std::string reason, int line);
[[noreturn]] void stop_again(lua_State* state);
[[noreturn]] void stop_for_memory(lua_State* state);
// Whether lua_pcall returned that memory ran out.
bool is_out_of_memory(lua_State* state, int status);

// An error of the script, with the position of the script's call before it. The script can catch it.
[[noreturn]] void raise(lua_State* state, const std::string& message);

// Counts work as instructions; ends the check when there are none left. Every function that a script can call begins
// with it.
void charge(lua_State* state, std::uint64_t cost);
void charge_instructions(lua_State* state); // as the debug hook of the state, counting

inline void push_text(lua_State* state, std::string_view text) { lua_pushlstring(state, text.data(), text.size()); }
inline std::string_view text_at(lua_State* state, int index) { // a string or a number, else an error
    std::size_t size = 0;
    const char* data = luaL_checklstring(state, index, &size);
    return {data, size};
}

} // namespace ktstr::lua
