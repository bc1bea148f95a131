// SPDX-License-Identifier: GPL-2.0-only
// run:series(name) and run:payload(name). docs/lua.md has the JSON.
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "interp/lua/object.h"
#include "interp/lua/run.h"
#include "interp/lua/state.h"
#include "interp/lua/value.h"

namespace ktstr::lua {

using nlohmann::json;

namespace {

extern const ObjectClass payload_class;

// --- Samples ---------------------------------------------------------------------------------------------------------

void push_time(lua_State* state, const Object& sample) { push_integer_member(state, *sample.node, "at_ns"); }
void push_tag(lua_State* state, const Object& sample) { push_text_member(state, *sample.node, "tag"); }
void push_phase(lua_State* state, const Object& sample) { push_integer_member(state, *sample.node, "phase"); }

void push_gap(lua_State* state, const Object& sample) {
    if (sample.node->contains("gap"))
        push_text_member(state, *sample.node, "gap");
    else
        lua_pushnil(state);
}

void push_sample_value(lua_State* state, const Object& sample) {
    const auto value = sample.node->find("value");
    const auto tag = text_member(*sample.node, "tag");
    if (sample.node->contains("gap") || value == sample.node->end() || value->is_null())
        raise(state, "the sample " + tag + " of '" + std::string(sample.text) +
                         "' has no value: " + text_member(*sample.node, "gap"));
    push_value(state, *value, std::string(sample.text) + "@" + tag);
}

constexpr std::array sample_fields{Field{"time", push_time}, Field{"tag", push_tag}, Field{"phase", push_phase},
                                   Field{"gap", push_gap}, Field{"value", push_sample_value}};
constexpr ObjectClass sample_class{"ktstr.sample", "a sample", sample_fields, {}};

// --- Payloads --------------------------------------------------------------------------------------------------------

// The payload's metrics, or an error that says why there are none.
const json& metrics_of(lua_State* state, const json& payload) {
    if (const auto why = text_member(payload, "absent"); !why.empty())
        raise(state, "the payload '" + text_member(payload, "name") + "' has no metrics: " + why);
    return list_member(payload, "metrics");
}

int metric(lua_State* state) {
    charge(state, 5);
    const json& payload = *object_at(state, 1, payload_class).node;
    const std::string wanted(text_at(state, 2));
    std::vector<std::string> names;
    for (const json& candidate : metrics_of(state, payload)) {
        charge(state, 2);
        names.push_back(text_member(candidate, "name"));
        if (names.back() != wanted) continue;
        if (!candidate.contains("value")) raise(state, "the metric '" + wanted + "' has no value");
        push_value(state, candidate["value"], wanted);
        return 1;
    }
    raise(state, "the payload '" + text_member(payload, "name") + "' has no metric '" + wanted.substr(0, 100) +
                     "' (it has: " + listed(names) + ")");
}

int metrics(lua_State* state) {
    charge(state, 5);
    lua_newtable(state);
    for (const json& candidate : metrics_of(state, *object_at(state, 1, payload_class).node)) {
        charge(state, 2);
        push_text_member(state, candidate, "name");
        if (const auto value = candidate.find("value"); value != candidate.end())
            push_value(state, *value, text_member(candidate, "name"));
        else
            lua_pushnil(state);
        lua_rawset(state, -3);
    }
    return 1;
}

void push_payload_name(lua_State* state, const Object& payload) { push_text_member(state, *payload.node, "name"); }
void push_payload_exit(lua_State* state, const Object& payload) { push_text_member(state, *payload.node, "exit"); }
void push_payload_cgroup(lua_State* state, const Object& payload) { push_text_member(state, *payload.node, "cgroup"); }
void push_payload_output(lua_State* state, const Object& payload) { push_text_member(state, *payload.node, "stdout"); }

constexpr std::array payload_fields{Field{"name", push_payload_name}, Field{"cgroup", push_payload_cgroup},
                                    Field{"exit", push_payload_exit}, Field{"output", push_payload_output}};
constexpr std::array payload_methods{luaL_Reg{"metric", metric}, luaL_Reg{"metrics", metrics}};
constexpr ObjectClass payload_class{"ktstr.payload", "a payload", payload_fields, payload_methods};

// What it costs to make a sample: so that a script cannot fill the host's memory with series.
constexpr std::uint64_t cost_of_sample = 200;

// One of the record's own, or one that is made now.
const json& find_series(lua_State* state, const std::string& wanted) {
    auto& context = context_of(state);
    if (context.series == nullptr || context.record.contains("series")) {
        const json& all = recorded_list(state, "series", "series");
        for (const json& series : all)
            if (!wanted.empty() && text_member(series, "name") == wanted) return series;
        if (context.series == nullptr)
            raise(state, "no series '" + wanted.substr(0, 100) + "' (recorded: " + listed(names_in(all)) + ")");
    }
    std::string why;
    const json* made = context.series->find(wanted, why);
    if (made == nullptr) raise(state, why);
    charge(state, cost_of_sample * list_member(*made, "samples").size());
    return *made;
}

} // namespace

int run_series(lua_State* state) {
    charge(state, 5);
    const json& series = find_series(state, std::string(text_at(state, 2)));
    const std::string_view name = series["name"].get_ref<const std::string&>();
    lua_newtable(state);
    lua_Integer count = 0;
    for (const json& sample : list_member(series, "samples")) {
        charge(state, 5);
        push_object(state, sample_class, {&sample, name});
        lua_rawseti(state, -2, ++count);
    }
    return 1;
}

// run:payload(name [, which]): `which` counts from 1 among the runs of that name.
int run_payload(lua_State* state) {
    charge(state, 5);
    const json& all = recorded_list(state, "payloads", "payloads");
    const std::string wanted(text_at(state, 2));
    std::vector<const json*> found;
    for (const json& payload : all)
        if (text_member(payload, "name") == wanted) found.push_back(&payload);
    if (found.empty())
        raise(state, "no payload '" + wanted.substr(0, 100) + "' was run (run: " + listed(names_in(all)) + ")");
    const auto which = luaL_optinteger(state, 3, 1);
    if (lua_isnoneornil(state, 3) && found.size() > 1)
        raise(state, "the payload '" + wanted + "' was run " + std::to_string(found.size()) +
                         " times: say which, from 1, as the second argument");
    if (which < 1 || static_cast<std::size_t>(which) > found.size())
        raise(state, "the payload '" + wanted + "' was run " + std::to_string(found.size()) + " times, not " +
                         std::to_string(which));
    push_object(state, payload_class, {found[static_cast<std::size_t>(which - 1)]});
    return 1;
}

void add_series_classes(lua_State* state) {
    add_class(state, sample_class);
    add_class(state, payload_class);
}

} // namespace ktstr::lua
