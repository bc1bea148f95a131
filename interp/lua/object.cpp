// SPDX-License-Identifier: GPL-2.0-only
#include "interp/lua/object.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "interp/lua/state.h"
#include "interp/lua/value.h"

namespace ktstr::lua {

namespace {

[[noreturn]] void raise_unknown(lua_State* state, const ObjectClass& object_class, const std::string& wanted) {
    std::vector<std::string> names;
    for (const auto& field : object_class.fields) names.emplace_back(field.name);
    for (const auto& method : object_class.methods) names.emplace_back(std::string(method.name) + "()");
    raise(state, std::string(object_class.noun) + " has no '" + wanted.substr(0, 100) +
                     "' (it has: " + listed(names, names.size()) + ")");
}

int index_object(lua_State* state) {
    charge(state, 2);
    const auto& object_class = *static_cast<const ObjectClass*>(lua_touserdata(state, lua_upvalueindex(1)));
    const auto& object = object_at(state, 1, object_class);
    const std::string wanted(text_at(state, 2));
    for (const auto& field : object_class.fields)
        if (wanted == field.name) {
            field.push(state, object);
            return 1;
        }
    for (const auto& method : object_class.methods)
        if (wanted == method.name) {
            lua_pushcfunction(state, method.func);
            return 1;
        }
    raise_unknown(state, object_class, wanted);
}

int object_text(lua_State* state) {
    charge(state, 2);
    lua_pushstring(state, static_cast<const ObjectClass*>(lua_touserdata(state, lua_upvalueindex(1)))->noun);
    return 1;
}

} // namespace

void add_class(lua_State* state, const ObjectClass& object_class) {
    luaL_newmetatable(state, object_class.name);
    auto* address = const_cast<ObjectClass*>(&object_class);
    lua_pushlightuserdata(state, address);
    lua_pushcclosure(state, index_object, 1);
    lua_setfield(state, -2, "__index");
    lua_pushlightuserdata(state, address);
    lua_pushcclosure(state, object_text, 1);
    lua_setfield(state, -2, "__tostring");
    lua_pushboolean(state, 0);
    lua_setfield(state, -2, "__metatable");
    lua_pop(state, 1);
}

void push_object(lua_State* state, const ObjectClass& object_class, const Object& object) {
    luaL_checkstack(state, 2, nullptr);
    *static_cast<Object*>(lua_newuserdatauv(state, sizeof(Object), 0)) = object;
    luaL_setmetatable(state, object_class.name);
}

const Object& object_at(lua_State* state, int index, const ObjectClass& object_class) {
    if (const auto* object = static_cast<const Object*>(luaL_testudata(state, index, object_class.name)))
        return *object;
    raise(state, std::string(object_class.noun) + " expected, not " + described(state, index) +
                     " (methods are called with ':')");
}

void push_text_member(lua_State* state, const nlohmann::json& node, const char* name) {
    push_text(state, text_member(node, name));
}

void push_integer_member(lua_State* state, const nlohmann::json& node, const char* name) {
    if (integer_member(node, name))
        push_value(state, node.at(name), name);
    else
        lua_pushnil(state);
}

} // namespace ktstr::lua
