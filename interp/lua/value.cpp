// SPDX-License-Identifier: GPL-2.0-only
#include "interp/lua/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "interp/lua/sandbox.h"
#include "interp/lua/state.h"

namespace ktstr::lua {

using nlohmann::json;

namespace {

constexpr const char* value_class = "ktstr.value";
constexpr std::size_t max_rendered = 300; // bytes of tostring(value)

// Members that no C identifier can be called mark what is more than a struct.
constexpr const char* absent_mark = "@absent";   // why there is no value
constexpr const char* pointer_mark = "@pointer"; // the address, as "0x..."
constexpr const char* target_mark = "@target";   // what it points to, if that was captured
constexpr const char* enum_mark = "@enum";       // the enumerator's name
constexpr const char* number_mark = "@value";    // and its number

// Lives in the record, which outlives the script. The path is the userdata's user value.
struct Value {
    const json* node;
};

bool has(const json& node, const char* mark) { return node.is_object() && node.contains(mark); }

const char* kind_of(const json& node) {
    if (has(node, absent_mark)) return "absent";
    if (has(node, pointer_mark)) return "pointer";
    if (has(node, enum_mark)) return "enum";
    switch (node.type()) {
    case json::value_t::object: return "struct";
    case json::value_t::array: return "array";
    case json::value_t::string: return "string";
    case json::value_t::boolean: return "boolean";
    case json::value_t::number_integer:
    case json::value_t::number_unsigned: return "integer";
    case json::value_t::number_float: return "number";
    default: return "nil";
    }
}

std::string with_article(std::string_view kind) {
    if (kind == "nil" || kind == "absent") return std::string(kind);
    return (std::string_view("aeiou").find(kind.front()) != std::string_view::npos ? "an " : "a ") + std::string(kind);
}

std::string quoted_path(std::string_view path) { return "'" + std::string(path.substr(0, 200)) + "'"; }

std::vector<std::string> members_of(const json& node) {
    std::vector<std::string> names;
    for (const auto& [name, value] : node.items()) names.push_back(name);
    return names;
}

[[noreturn]] void raise_absent(lua_State* state, const json& node, std::string_view path) {
    raise(state, quoted_path(path) + " is absent: " + text_member(node, absent_mark));
}

// What a pointer points to, and the pointers that it points to in turn.
const json& dereference(lua_State* state, const json& from, std::string_view path) {
    const json* node = &from;
    while (has(*node, pointer_mark)) {
        if (!node->contains(target_mark))
            raise(state, quoted_path(path) + " is a pointer (" + text_member(*node, pointer_mark) +
                             ") whose target was not captured");
        node = &node->at(target_mark);
    }
    if (has(*node, absent_mark)) raise_absent(state, *node, path);
    return *node;
}

std::string not_found(std::string_view component, std::string_view path) {
    return "component '" + std::string(component.substr(0, 100)) + "' not found" +
           (path.empty() ? "" : " after " + quoted_path(path));
}

const json& element(lua_State* state, const json& array, std::string_view path, std::string_view component) {
    std::size_t index = 0;
    const char* behind = component.data() + component.size();
    const auto number = std::from_chars(component.data(), behind, index);
    if (number.ec != std::errc{} || number.ptr != behind || index >= array.size())
        raise(state,
              not_found(component, path) + " (it is an array of " + std::to_string(array.size()) + ", counted from 0)");
    return array[index];
}

const json& member(lua_State* state, const json& from, std::string_view path, std::string_view component) {
    const json& node = dereference(state, from, path);
    if (node.is_array()) return element(state, node, path, component);
    if (!node.is_object() || has(node, enum_mark))
        raise(state, not_found(component, path) + " (it is " + with_article(kind_of(node)) + ", which has no members)");
    const auto found = node.find(std::string(component));
    if (found == node.end()) raise(state, not_found(component, path) + " (members: " + listed(members_of(node)) + ")");
    return *found;
}

void append_component(std::string& path, std::string_view component) {
    if (!path.empty()) path += '.';
    path += component;
}

// --- Text of a value, for tostring and notes -------------------------------------------------------------------------

void render(const json& node, std::string& text) {
    if (text.size() > max_rendered) return;
    if (has(node, absent_mark)) {
        text += "absent: " + text_member(node, absent_mark);
    } else if (has(node, enum_mark)) {
        text += text_member(node, enum_mark);
    } else if (has(node, pointer_mark)) {
        text += text_member(node, pointer_mark);
    } else if (node.is_structured()) {
        text += node.is_array() ? "[" : "{";
        bool first = true;
        for (const auto& [name, value] : node.items()) {
            if (text.size() > max_rendered) break;
            if (!first) text += ", ";
            first = false;
            if (node.is_object()) text += name + " = ";
            render(value, text);
        }
        text += node.is_array() ? "]" : "}";
    } else {
        text += node.is_string() ? node.get<std::string>().substr(0, max_rendered) : node.dump();
    }
}

// --- Methods ---------------------------------------------------------------------------------------------------------

struct Place {
    const json* node;
    std::string path;
};

Place place_of(lua_State* state) {
    const auto* value = static_cast<const Value*>(luaL_checkudata(state, 1, value_class));
    lua_getiuservalue(state, 1, 1);
    Place place{value->node, std::string(text_at(state, -1))};
    lua_pop(state, 1);
    return place;
}

// The place that the method's optional path leads to.
Place place_of_argument(lua_State* state) {
    charge(state, 5);
    auto place = place_of(state);
    if (!lua_isnoneornil(state, 2)) place.node = &follow(state, *place.node, place.path, text_at(state, 2));
    return place;
}

[[noreturn]] void refuse_read(lua_State* state, const json& node, const std::string& path, const char* type,
                              const std::string& why) {
    if (has(node, absent_mark)) raise_absent(state, node, path);
    raise(state, quoted_path(path) + ": cannot read as " + type + ": it is " + why);
}

// The integer that a node stands for: itself, an enumerator's number or a pointer's address.
std::optional<json> integer_of(const json& node) {
    if (node.is_number_integer()) return node;
    if (has(node, enum_mark) && node.contains(number_mark) && node[number_mark].is_number_integer())
        return node[number_mark];
    if (!has(node, pointer_mark)) return std::nullopt;
    const auto address = text_member(node, pointer_mark);
    std::uint64_t number = 0;
    const std::size_t prefix = address.starts_with("0x") ? 2 : 0;
    const auto read = std::from_chars(address.data() + prefix, address.data() + address.size(), number, 16);
    return read.ec == std::errc{} ? std::optional<json>(number) : std::nullopt;
}

// Lua's integers have 64 bits with a sign; what does not fit becomes the nearest float, so that comparisons hold.
void push_integer(lua_State* state, const json& integer) {
    const bool fits =
        !integer.is_number_unsigned() ||
        integer.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<lua_Integer>::max());
    if (fits)
        lua_pushinteger(state, integer.get<lua_Integer>());
    else
        lua_pushnumber(state, static_cast<lua_Number>(integer.get<std::uint64_t>()));
}

int get(lua_State* state) {
    luaL_checkstring(state, 2);
    const auto place = place_of_argument(state);
    push_value(state, *place.node, place.path);
    return 1;
}

template <void (*push)(lua_State*, const json&, const std::string&)> int read(lua_State* state) {
    const auto place = place_of_argument(state);
    push(state, *place.node, place.path);
    return 1;
}

int kind(lua_State* state) {
    const auto place = place_of_argument(state);
    lua_pushstring(state, kind_of(*place.node));
    return 1;
}

int members(lua_State* state) {
    const auto place = place_of_argument(state);
    const json& node = dereference(state, *place.node, place.path);
    lua_newtable(state);
    if (!node.is_object() || has(node, enum_mark)) return 1;
    lua_Integer count = 0;
    for (const auto& [name, value] : node.items()) {
        charge(state, 1);
        push_text(state, name);
        lua_rawseti(state, -2, ++count);
    }
    return 1;
}

constexpr std::array methods{luaL_Reg{"get", get},
                             luaL_Reg{"u64", read<push_u64>},
                             luaL_Reg{"i64", read<push_i64>},
                             luaL_Reg{"f64", read<push_f64>},
                             luaL_Reg{"bool", read<push_bool>},
                             luaL_Reg{"text", read<push_as_string>},
                             luaL_Reg{"kind", kind},
                             luaL_Reg{"members", members}};

// --- Metamethods -----------------------------------------------------------------------------------------------------

int index_value(lua_State* state) {
    charge(state, 5);
    auto place = place_of(state);
    if (lua_type(state, 2) == LUA_TSTRING)
        for (const auto& method : methods)
            if (text_at(state, 2) == method.name) {
                lua_pushcfunction(state, method.func);
                return 1;
            }
    lua_settop(state, 2);
    const std::string component(text_at(state, 2));
    const json& node = member(state, *place.node, place.path, component);
    append_component(place.path, component);
    push_value(state, node, place.path);
    return 1;
}

int length_of_value(lua_State* state) {
    charge(state, 5);
    const auto place = place_of(state);
    const json& node = dereference(state, *place.node, place.path);
    if (!node.is_array())
        raise(state, quoted_path(place.path) + " has no length: it is " + with_article(kind_of(node)));
    lua_pushinteger(state, static_cast<lua_Integer>(node.size()));
    return 1;
}

int value_text(lua_State* state) {
    charge(state, 50);
    std::string text;
    render(*place_of(state).node, text);
    if (text.size() > max_rendered) text = text.substr(0, max_rendered) + "...";
    push_text(state, text);
    return 1;
}

// An iterator over (name, value) of a struct or (index, value) of an array. upvalues: the names of the struct or nil,
// how many are done.
int next_member(lua_State* state) {
    charge(state, 1);
    lua_settop(state, 1);
    const lua_Integer position = lua_tointeger(state, lua_upvalueindex(2));
    lua_pushinteger(state, position + 1);
    lua_replace(state, lua_upvalueindex(2));
    const bool is_struct = lua_istable(state, lua_upvalueindex(1));
    auto place = place_of(state);
    const json& node = dereference(state, *place.node, place.path);
    if (static_cast<std::size_t>(position) >= node.size()) return 0;
    if (is_struct)
        lua_rawgeti(state, lua_upvalueindex(1), position + 1);
    else
        lua_pushinteger(state, position);
    lua_pushvalue(state, -1);
    const std::string component(text_at(state, -1));
    lua_pop(state, 1);
    const json& value = member(state, node, place.path, component);
    append_component(place.path, component);
    if (has(value, absent_mark)) // a loop must be able to pass by what its body does not read
        lua_pushnil(state);
    else
        push_value(state, value, place.path);
    return 2;
}

int pairs_of_value(lua_State* state) {
    charge(state, 5);
    const auto place = place_of(state);
    const json& node = dereference(state, *place.node, place.path);
    if (!node.is_structured() || has(node, enum_mark))
        raise(state, quoted_path(place.path) + " has no members: it is " + with_article(kind_of(node)));
    lua_settop(state, 1);
    if (node.is_object())
        members(state);
    else
        lua_pushnil(state);
    lua_pushinteger(state, 0);
    lua_pushcclosure(state, next_member, 2);
    lua_pushvalue(state, 1);
    return 2;
}

} // namespace

const json& follow(lua_State* state, const json& from, std::string& path, std::string_view components) {
    const json* node = &from;
    std::size_t begin = 0;
    while (begin <= components.size()) {
        const std::size_t end = std::min(components.find_first_of(".[", begin), components.size());
        auto component = components.substr(begin, end - begin);
        if (component.ends_with(']')) component.remove_suffix(1);
        charge(state, 2);
        if (component.empty())
            raise(state, "the path '" + std::string(components.substr(0, 200)) + "' has an empty component");
        node = &member(state, *node, path, component);
        append_component(path, component);
        begin = end + 1;
    }
    return *node;
}

void push_value(lua_State* state, const json& node, std::string_view path) {
    luaL_checkstack(state, 4, nullptr);
    switch (node.type()) {
    case json::value_t::boolean: lua_pushboolean(state, node.get<bool>() ? 1 : 0); return;
    case json::value_t::number_integer:
    case json::value_t::number_unsigned: push_integer(state, node); return;
    case json::value_t::number_float: lua_pushnumber(state, node.get<double>()); return;
    case json::value_t::string: push_text(state, node.get_ref<const std::string&>()); return;
    case json::value_t::object:
    case json::value_t::array: break;
    default: lua_pushnil(state); return;
    }
    if (has(node, absent_mark)) raise_absent(state, node, path);
    auto* value = static_cast<Value*>(lua_newuserdatauv(state, sizeof(Value), 1));
    value->node = &node;
    push_text(state, path);
    lua_setiuservalue(state, -2, 1);
    luaL_setmetatable(state, value_class);
}

void push_u64(lua_State* state, const json& node, const std::string& path) {
    const auto integer = integer_of(node);
    if (!integer) refuse_read(state, node, path, "u64", with_article(kind_of(node)));
    if (!integer->is_number_unsigned() && integer->get<std::int64_t>() < 0)
        refuse_read(state, node, path, "u64", "negative (" + integer->dump() + ")");
    push_integer(state, *integer);
}

void push_i64(lua_State* state, const json& node, const std::string& path) {
    const auto integer = integer_of(node);
    if (!integer) refuse_read(state, node, path, "i64", with_article(kind_of(node)));
    if (integer->is_number_unsigned() &&
        integer->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        refuse_read(state, node, path, "i64", "too large (" + integer->dump() + ")");
    push_integer(state, *integer);
}

void push_f64(lua_State* state, const json& node, const std::string& path) {
    if (!node.is_number()) refuse_read(state, node, path, "f64", with_article(kind_of(node)));
    lua_pushnumber(state, node.get<double>());
}

void push_bool(lua_State* state, const json& node, const std::string& path) {
    if (!node.is_boolean()) refuse_read(state, node, path, "bool", with_article(kind_of(node)));
    lua_pushboolean(state, node.get<bool>() ? 1 : 0);
}

void push_as_string(lua_State* state, const json& node, const std::string& path) {
    if (node.is_string())
        push_text(state, node.get_ref<const std::string&>());
    else if (has(node, enum_mark))
        push_text(state, text_member(node, enum_mark));
    else if (has(node, pointer_mark))
        push_text(state, text_member(node, pointer_mark));
    else if (node.is_primitive() && !node.is_null())
        push_text(state, node.dump());
    else
        refuse_read(state, node, path, "text", with_article(kind_of(node)));
}

std::string described(lua_State* state, int index) {
    if (const auto* value = static_cast<const Value*>(luaL_testudata(state, index, value_class)))
        return with_article(kind_of(*value->node));
    return lua_isnone(state, index) ? "nothing" : with_article(luaL_typename(state, index));
}

std::string listed(const std::vector<std::string>& names, std::size_t most) {
    if (names.empty()) return "none";
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), most); ++i) text += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > most) text += " and " + std::to_string(names.size() - most) + " more";
    return text;
}

std::string text_member(const json& node, const char* name) {
    if (!node.is_object()) return {};
    const auto found = node.find(name);
    return found != node.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<std::string> names_in(const json& list) {
    std::vector<std::string> names;
    for (const json& item : list) names.push_back(text_member(item, "name"));
    return names;
}

std::optional<std::int64_t> integer_member(const json& node, const char* name) {
    if (!node.is_object()) return std::nullopt;
    const auto found = node.find(name);
    if (found == node.end() || !found->is_number_integer()) return std::nullopt;
    return found->get<std::int64_t>();
}

const json& list_member(const json& node, const char* name) {
    static const json none = json::array();
    if (!node.is_object()) return none;
    const auto found = node.find(name);
    return found != node.end() && found->is_array() ? *found : none;
}

void add_value_class(lua_State* state) {
    luaL_newmetatable(state, value_class);
    constexpr std::array metamethods{luaL_Reg{"__index", index_value}, luaL_Reg{"__len", length_of_value},
                                     luaL_Reg{"__tostring", value_text}, luaL_Reg{"__pairs", pairs_of_value},
                                     luaL_Reg{nullptr, nullptr}};
    luaL_setfuncs(state, metamethods.data(), 0);
    lua_pushboolean(state, 0);
    lua_setfield(state, -2, "__metatable");
    lua_pushliteral(state, "value");
    lua_setfield(state, -2, "__name");
    lua_pop(state, 1);
}

} // namespace ktstr::lua
