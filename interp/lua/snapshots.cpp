// SPDX-License-Identifier: GPL-2.0-only
// run:snapshot(name): the maps and variables of the schedulers' BPF programs at one moment. docs/lua.md has the JSON.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "interp/lua/object.h"
#include "interp/lua/run.h"
#include "interp/lua/state.h"
#include "interp/lua/value.h"

namespace ktstr::lua {

using nlohmann::json;

namespace {

constexpr int every_cpu = -1;

extern const ObjectClass snapshot_class;
extern const ObjectClass map_class;

bool is_placeholder(const json& snapshot) {
    const auto flag = snapshot.find("placeholder");
    return flag != snapshot.end() && flag->is_boolean() && flag->get<bool>();
}

// The snapshot that a method was called on; an error that says why there is nothing in it, if it is a placeholder.
const json& captured_snapshot(lua_State* state) {
    charge(state, 5);
    const json& snapshot = *object_at(state, 1, snapshot_class).node;
    if (is_placeholder(snapshot))
        raise(state, "the snapshot '" + text_member(snapshot, "name") +
                         "' holds nothing: it could not be taken: " + text_member(snapshot, "reason"));
    return snapshot;
}

// --- Variables -------------------------------------------------------------------------------------------------------

bool is_live(const json& variable) {
    const auto live = variable.find("live");
    return live != variable.end() && live->is_boolean() && live->get<bool>();
}

struct Found {
    std::vector<const json*> variables; // one for each scheduler that has it
    std::string name;
    std::optional<std::string_view> rest; // of the path, behind the name
};

// A path begins with a variable's name, which may hold dots itself: the longest name wins.
Found find_variables(lua_State* state, const json& variables, std::string_view path) {
    Found found;
    for (const json& variable : variables) {
        charge(state, 2);
        const auto name = text_member(variable, "name");
        const bool begins = path == name || (path.size() > name.size() && path.starts_with(name) &&
                                             (path[name.size()] == '.' || path[name.size()] == '['));
        if (!begins || name.size() < found.name.size()) continue;
        if (name.size() > found.name.size()) found.variables.clear();
        found.name = name;
        found.variables.push_back(&variable);
    }
    if (path.size() > found.name.size()) found.rest = path.substr(found.name.size() + 1);
    return found;
}

std::string schedulers_of(const std::vector<const json*>& variables) {
    std::vector<std::string> names;
    for (const auto* variable : variables) names.push_back(text_member(*variable, "scheduler"));
    return listed(names);
}

using Push = void (*)(lua_State* state, const json& node, const std::string& path);

void push_plainly(lua_State* state, const json& node, const std::string& path) { push_value(state, node, path); }

void push_variable(lua_State* state, const json& variable, const Found& found, Push push) {
    std::string path = found.name;
    const auto value = variable.find("value");
    if (value == variable.end()) raise(state, "the variable '" + found.name + "' was captured without a value");
    const json& node = found.rest ? follow(state, *value, path, *found.rest) : *value;
    push(state, node, path);
}

Found need_variables(lua_State* state, const json& snapshot, std::string_view path) {
    const json& variables = list_member(snapshot, "variables");
    auto found = find_variables(state, variables, path);
    if (found.variables.empty())
        raise(state,
              "no variable '" + std::string(path.substr(0, 100)) + "' (captured: " + listed(names_in(variables)) + ")");
    return found;
}

// snapshot:var(path [, scheduler]), and the same as a typed read
template <Push push> int variable(lua_State* state) {
    const json& snapshot = captured_snapshot(state);
    auto found = need_variables(state, snapshot, text_at(state, 2));
    if (!lua_isnoneornil(state, 3)) {
        const std::string wanted(text_at(state, 3));
        const auto schedulers = schedulers_of(found.variables);
        std::erase_if(found.variables, [&](const auto* item) { return text_member(*item, "scheduler") != wanted; });
        if (found.variables.empty())
            raise(state, "the variable '" + found.name + "' is not in the scheduler '" + wanted.substr(0, 100) +
                             "' (in: " + schedulers + ")");
    }
    if (found.variables.size() > 1)
        raise(state, "the variable '" + found.name + "' is in several schedulers (" + schedulers_of(found.variables) +
                         "): name one as the second argument, or take the active one's with live_var");
    push_variable(state, *found.variables.front(), found, push);
    return 1;
}

// snapshot:live_var(path)
int live_variable(lua_State* state) {
    const json& snapshot = captured_snapshot(state);
    auto found = need_variables(state, snapshot, text_at(state, 2));
    const auto schedulers = schedulers_of(found.variables);
    std::erase_if(found.variables, [](const auto* item) { return !is_live(*item); });
    if (found.variables.size() != 1)
        raise(state, "the variable '" + found.name + "' is in " + (found.variables.empty() ? "no" : "more than one") +
                         " active scheduler (in: " + schedulers + ")");
    push_variable(state, *found.variables.front(), found, push_plainly);
    return 1;
}

int push_names(lua_State* state, const json& list) {
    const auto names = names_in(list);
    const std::set<std::string> unique(names.begin(), names.end());
    lua_newtable(state);
    lua_Integer count = 0;
    for (const auto& name : unique) {
        charge(state, 2);
        push_text(state, name);
        lua_rawseti(state, -2, ++count);
    }
    return 1;
}

int variable_names(lua_State* state) { return push_names(state, list_member(captured_snapshot(state), "variables")); }
int map_names(lua_State* state) { return push_names(state, list_member(captured_snapshot(state), "maps")); }

// --- Maps ------------------------------------------------------------------------------------------------------------

int map(lua_State* state) {
    const json& maps = list_member(captured_snapshot(state), "maps");
    const std::string wanted(text_at(state, 2));
    for (const json& candidate : maps) {
        charge(state, 2);
        if (text_member(candidate, "name") != wanted) continue;
        push_object(state, map_class, {&candidate, {}, every_cpu});
        return 1;
    }
    raise(state, "no map '" + wanted.substr(0, 100) + "' (captured: " + listed(names_in(maps)) + ")");
}

// The entries that a map object stands for: all, or those of one CPU.
std::vector<const json*> entries_of(lua_State* state, const Object& map) {
    if (const auto why = text_member(*map.node, "absent"); !why.empty())
        raise(state, "the entries of the map '" + text_member(*map.node, "name") + "' were not captured: " + why);
    std::vector<const json*> entries;
    for (const json& entry : list_member(*map.node, "entries")) {
        charge(state, 2);
        if (map.number == every_cpu || integer_member(entry, "cpu") == map.number) entries.push_back(&entry);
    }
    return entries;
}

const Object& this_map(lua_State* state) {
    charge(state, 5);
    return object_at(state, 1, map_class);
}

void push_entry(lua_State* state, const Object& map, const json& entry) {
    push_value(state, entry, text_member(*map.node, "name"));
}

// Calls the function at `index` with the entry; leaves its result.
void call_with_entry(lua_State* state, int index, const Object& map, const json& entry) {
    lua_pushvalue(state, index);
    push_entry(state, map, entry);
    lua_call(state, 1, 1);
}

// Lists the entries for which the function at `index` returns true (all, if there is none there), at most `most`.
int push_list(lua_State* state, const Object& map, bool filtered) {
    lua_newtable(state);
    const int list = lua_gettop(state);
    lua_Integer count = 0;
    for (const auto* entry : entries_of(state, map)) {
        charge(state, 5);
        if (filtered) {
            call_with_entry(state, 2, map, *entry);
            const bool taken = lua_toboolean(state, -1) != 0;
            lua_pop(state, 1);
            if (!taken) continue;
        }
        push_entry(state, map, *entry);
        lua_rawseti(state, list, ++count);
    }
    return 1;
}

int entries(lua_State* state) { return push_list(state, this_map(state), false); }

int filter(lua_State* state) {
    const auto& map = this_map(state);
    luaL_checktype(state, 2, LUA_TFUNCTION);
    return push_list(state, map, true);
}

int find_entry(lua_State* state) {
    const auto& map = this_map(state);
    luaL_checktype(state, 2, LUA_TFUNCTION);
    for (const auto* entry : entries_of(state, map)) {
        charge(state, 5);
        call_with_entry(state, 2, map, *entry);
        if (lua_toboolean(state, -1) != 0) {
            push_entry(state, map, *entry);
            return 1;
        }
        lua_pop(state, 1);
    }
    lua_pushnil(state);
    return 1;
}

int max_by(lua_State* state) {
    const auto& map = this_map(state);
    luaL_checktype(state, 2, LUA_TFUNCTION);
    lua_settop(state, 2);
    lua_pushnil(state); // 3: the largest so far
    const json* largest = nullptr;
    for (const auto* entry : entries_of(state, map)) {
        charge(state, 5);
        call_with_entry(state, 2, map, *entry);
        if (lua_type(state, -1) != LUA_TNUMBER)
            raise(state, "max_by: the function must return a number, and returned " + described(state, -1));
        if (largest == nullptr || lua_compare(state, 3, -1, LUA_OPLT) != 0) {
            largest = entry;
            lua_copy(state, -1, 3);
        }
        lua_pop(state, 1);
    }
    if (largest == nullptr) raise(state, "max_by: the map '" + text_member(*map.node, "name") + "' has no entries");
    push_entry(state, map, *largest);
    return 1;
}

// map:on_cpu(n): the entries of one CPU of a per-CPU map.
int on_cpu(lua_State* state) {
    const auto& map = this_map(state);
    const auto cpu = luaL_checkinteger(state, 2);
    std::set<std::int64_t> cpus;
    for (const auto* entry : entries_of(state, map))
        if (const auto has = integer_member(*entry, "cpu")) cpus.insert(*has);
    if (!cpus.contains(cpu)) {
        std::vector<std::string> names;
        for (const auto known : cpus) names.push_back(std::to_string(known));
        raise(state, "the map '" + text_member(*map.node, "name") + "' has no entries of CPU " + std::to_string(cpu) +
                         " (of CPUs: " + listed(names) + ")");
    }
    push_object(state, map_class, {map.node, {}, static_cast<int>(cpu)});
    return 1;
}

void push_map_name(lua_State* state, const Object& map) { push_text_member(state, *map.node, "name"); }
void push_map_type(lua_State* state, const Object& map) { push_text_member(state, *map.node, "type"); }
void push_map_count(lua_State* state, const Object& map) {
    lua_pushinteger(state, static_cast<lua_Integer>(entries_of(state, map).size()));
}

constexpr std::array map_fields{Field{"name", push_map_name}, Field{"type", push_map_type},
                                Field{"count", push_map_count}};
constexpr std::array map_methods{luaL_Reg{"entries", entries}, luaL_Reg{"find", find_entry}, luaL_Reg{"filter", filter},
                                 luaL_Reg{"max_by", max_by}, luaL_Reg{"on_cpu", on_cpu}};
constexpr ObjectClass map_class{"ktstr.map", "a map", map_fields, map_methods};

void push_snapshot_name(lua_State* state, const Object& snapshot) { push_text_member(state, *snapshot.node, "name"); }
void push_at(lua_State* state, const Object& snapshot) { push_integer_member(state, *snapshot.node, "at_ns"); }
void push_placeholder(lua_State* state, const Object& snapshot) {
    lua_pushboolean(state, is_placeholder(*snapshot.node) ? 1 : 0);
}
void push_reason(lua_State* state, const Object& snapshot) {
    if (is_placeholder(*snapshot.node))
        push_text_member(state, *snapshot.node, "reason");
    else
        lua_pushnil(state);
}

constexpr std::array snapshot_fields{Field{"name", push_snapshot_name}, Field{"at", push_at},
                                     Field{"placeholder", push_placeholder}, Field{"reason", push_reason}};
constexpr std::array snapshot_methods{luaL_Reg{"var", variable<push_plainly>},
                                      luaL_Reg{"u64", variable<push_u64>},
                                      luaL_Reg{"i64", variable<push_i64>},
                                      luaL_Reg{"f64", variable<push_f64>},
                                      luaL_Reg{"bool", variable<push_bool>},
                                      luaL_Reg{"text", variable<push_as_string>},
                                      luaL_Reg{"live_var", live_variable},
                                      luaL_Reg{"vars", variable_names},
                                      luaL_Reg{"map", map},
                                      luaL_Reg{"maps", map_names}};
constexpr ObjectClass snapshot_class{"ktstr.snapshot", "a snapshot", snapshot_fields, snapshot_methods};

} // namespace

int run_snapshot(lua_State* state) {
    charge(state, 5);
    const json& snapshots = recorded_list(state, "snapshots", "snapshots");
    const std::string wanted(text_at(state, 2));
    for (const json& snapshot : snapshots) {
        charge(state, 2);
        if (text_member(snapshot, "name") != wanted) continue;
        push_object(state, snapshot_class, {&snapshot});
        return 1;
    }
    raise(state, "no snapshot '" + wanted.substr(0, 100) + "' (captured: " + listed(names_in(snapshots)) + ")");
}

int run_snapshots(lua_State* state) {
    charge(state, 5);
    const json& snapshots = recorded_list(state, "snapshots", "snapshots");
    lua_newtable(state);
    lua_Integer count = 0;
    for (const json& snapshot : snapshots) {
        charge(state, 5);
        push_object(state, snapshot_class, {&snapshot});
        lua_rawseti(state, -2, ++count);
    }
    return 1;
}

void add_snapshot_classes(lua_State* state) {
    add_class(state, snapshot_class);
    add_class(state, map_class);
}

} // namespace ktstr::lua
