// SPDX-License-Identifier: GPL-2.0-only
// What a script sees of the record's data: scalars as Lua's own, structs, arrays, enumerations and pointers as values
// that are read by dotted paths. docs/lua.md has the JSON that stands for each.
#pragma once

#include <lua.hpp>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ktstr::lua {

void add_value_class(lua_State* state);

// Pushes what `node` stands for. `path` is how the script came to it, for messages. What is marked as absent raises an
// error that says why; null is nil.
void push_value(lua_State* state, const nlohmann::json& node, std::string_view path);

// Follows a dotted path (`stats.local[3].sum`) through structs, arrays and pointers, or raises an error that names the
// component which is not there and what is. Returns the node and appends to `path`.
const nlohmann::json& follow(lua_State* state, const nlohmann::json& from, std::string& path,
                             std::string_view components);

// Typed reads: push the node as that type, or raise an error that says what it is instead.
void push_u64(lua_State* state, const nlohmann::json& node, const std::string& path);
void push_i64(lua_State* state, const nlohmann::json& node, const std::string& path);
void push_f64(lua_State* state, const nlohmann::json& node, const std::string& path);
void push_bool(lua_State* state, const nlohmann::json& node, const std::string& path);
void push_as_string(lua_State* state, const nlohmann::json& node, const std::string& path);

// "a string", "a struct", "an integer": of anything on the stack.
std::string described(lua_State* state, int index);

// "a, b and 3 more", or "none".
std::string listed(const std::vector<std::string>& names, std::size_t most = 20);

// Members of records that came out of a guest: empty, 0 or null when absent or of another type.
std::string text_member(const nlohmann::json& node, const char* name);
std::optional<std::int64_t> integer_member(const nlohmann::json& node, const char* name);
std::vector<std::string> names_in(const nlohmann::json& list);                   // the "name" of each
const nlohmann::json& list_member(const nlohmann::json& node, const char* name); // an empty array if there is none

} // namespace ktstr::lua
