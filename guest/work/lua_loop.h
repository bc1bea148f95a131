// SPDX-License-Identifier: GPL-2.0-only
// A work loop in Lua. docs/work-types.md describes what it may call; there is nothing else: no file, no program, no
// other memory. A hook sees to it that it stops when told to, whatever it does.
#pragma once

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "guest/work/disk.h"
#include "guest/work/worker.h"
#include "interp/lua/state.h"

namespace ktstr::guest {

class LuaLoop {
  public:
    explicit LuaLoop(Worker& worker);
    LuaLoop(const LuaLoop&) = delete;
    LuaLoop& operator=(const LuaLoop&) = delete;
    ~LuaLoop();

    // Runs the program over and over until the worker is told to stop. Ends the worker where the program fails, with
    // the position in the .ktl file.
    void run();

    // For the functions that the program calls.
    static LuaLoop& of(lua_State* state) { return **static_cast<LuaLoop**>(lua_getextraspace(state)); }
    void stop_if_told(lua_State* state) const;
    [[nodiscard]] GroupSlot& group(); // its own if it is alone
    Disk& disk(lua_State* state);

    struct Block { // of memory.allocate()
        char* start = nullptr;
        std::size_t bytes = 0;
    };

    Worker& worker;
    std::mt19937_64 random; // the same numbers in every run
    std::vector<Block> blocks;
    std::vector<char> bytes; // what goes through pipes
    bool unit_done = false;  // in this pass

  private:
    [[noreturn]] void fail(int status);

    lua::Memory memory_;
    lua::State state_;
    std::string file_;
    int first_line_ = 1;
    int failed_line_ = 0;
    GroupSlot own_group_; // of a group of one
    std::optional<Disk> disk_;
};

// Fills the globals of an empty state.
void open_work_functions(lua_State* state);

} // namespace ktstr::guest
