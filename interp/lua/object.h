// SPDX-License-Identifier: GPL-2.0-only
// The objects of the check's API: fields that are read, methods that are called, and an error that lists both for every
// other name. An object stands for a part of the record, which outlives the script.
#pragma once

#include <lua.hpp>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>

namespace ktstr::lua {

struct Object {
    const nlohmann::json* node = nullptr;
    std::string_view text = {};            // what else the class needs: a name that lies in the record,
    int number = -1;                       // a CPU
    const nlohmann::json* other = nullptr; // what `node` is compared with
};

struct Field {
    const char* name;
    void (*push)(lua_State* state, const Object& object); // may raise
};

// Classes are constants of the program: states hold pointers to them.
struct ObjectClass {
    const char* name; // in the registry: "ktstr.run"
    const char* noun; // in messages: "the run", "a snapshot"
    std::span<const Field> fields;
    std::span<const luaL_Reg> methods;
};

void add_class(lua_State* state, const ObjectClass& object_class);
void push_object(lua_State* state, const ObjectClass& object_class, const Object& object);
const Object& object_at(lua_State* state, int index, const ObjectClass& object_class); // or an error

// Pushes a text member as a string ("" if it is not there) and an integer member as an integer (nil if it is not
// there).
void push_text_member(lua_State* state, const nlohmann::json& node, const char* name);
void push_integer_member(lua_State* state, const nlohmann::json& node, const char* name);

} // namespace ktstr::lua
