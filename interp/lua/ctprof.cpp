// SPDX-License-Identifier: GPL-2.0-only
// run:ctprof(name): captures, their threads, and what these did between two. docs/lua.md describes it.
#include <array>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "ctprof/capture.h"
#include "interp/lua/object.h"
#include "interp/lua/run.h"
#include "interp/lua/state.h"
#include "interp/lua/value.h"

namespace ktstr::lua {

using nlohmann::json;

namespace {

extern const ObjectClass capture_class;

// --- Threads ---------------------------------------------------------------------------------------------------------
// The object's node is the thread in its capture; `other` the same thread in an earlier one, for a difference.

// A count that does not fit into Lua's integers is as large as those get.
std::int64_t count_of(const json& thread, const char* name) {
    const auto counters = thread.find("counters");
    if (counters == thread.end()) return 0;
    const auto found = counters->find(name);
    if (found == counters->end() || !found->is_number_unsigned()) return 0; // absent counts as 0
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return static_cast<std::int64_t>(std::min(found->get<std::uint64_t>(), most));
}

template <std::size_t index> void push_count(lua_State* state, const Object& thread) {
    const char* name = ctprof::counters.at(index).name.data();
    const std::int64_t before = thread.other == nullptr ? 0 : count_of(*thread.other, name);
    lua_pushinteger(state, count_of(*thread.node, name) - before);
}

struct TextMember {
    static constexpr std::array names{"process", "thread", "state", "cgroup", "policy", "cpus_allowed", "heap"};
    template <std::size_t index> static void push(lua_State* state, const Object& thread) {
        push_text_member(state, *thread.node, names[index]);
    }
};

struct IntegerMember {
    static constexpr std::array names{"pid",      "tid",  "ppid",        "uid", "gid",
                                      "priority", "nice", "rt_priority", "cpu", "start_time_ns"};
    template <std::size_t index> static void push(lua_State* state, const Object& thread) {
        push_integer_member(state, *thread.node, names[index]);
    }
};

void push_is_kernel_thread(lua_State* state, const Object& thread) {
    lua_pushboolean(state, thread.node->value("kernel_thread", false) ? 1 : 0);
}

template <typename Member, std::size_t... index> constexpr auto member_fields(std::index_sequence<index...>) {
    return std::array{Field{Member::names[index], Member::template push<index>}...};
}

template <std::size_t... index> constexpr auto count_fields(std::index_sequence<index...>) {
    return std::array{Field{ctprof::counters[index].name.data(), push_count<index>}...};
}

template <std::size_t... size> constexpr auto joined(const std::array<Field, size>&... parts) {
    std::array<Field, (size + ...)> all{};
    std::size_t at = 0;
    const auto add = [&](const auto& part) {
        for (const auto& field : part) all[at++] = field;
    };
    (add(parts), ...);
    return all;
}

constexpr auto thread_fields =
    joined(member_fields<TextMember>(std::make_index_sequence<TextMember::names.size()>()),
           member_fields<IntegerMember>(std::make_index_sequence<IntegerMember::names.size()>()),
           std::array{Field{"kernel_thread", push_is_kernel_thread}},
           count_fields(std::make_index_sequence<ctprof::counters.size()>()));
constexpr ObjectClass thread_class{"ktstr.ctprof_thread", "a thread of a capture", thread_fields, {}};

// --- Choosing threads ------------------------------------------------------------------------------------------------

struct ThreadFilter {
    std::map<std::string, std::string> texts;    // process, thread, cgroup
    std::map<std::string, std::int64_t> numbers; // pid, tid

    [[nodiscard]] bool takes(const json& thread) const {
        for (const auto& [name, wanted] : texts)
            if (text_member(thread, name.c_str()) != wanted) return false;
        for (const auto& [name, wanted] : numbers)
            if (integer_member(thread, name.c_str()) != wanted) return false;
        return true;
    }
    [[nodiscard]] std::string words() const {
        std::string all;
        for (const auto& [name, wanted] : texts) all += " " + name + " '" + wanted.substr(0, 100) + "'";
        for (const auto& [name, wanted] : numbers) all += " " + name + " " + std::to_string(wanted);
        return all;
    }
};

ThreadFilter filter_at(lua_State* state, int argument) {
    ThreadFilter filter;
    if (lua_isnoneornil(state, argument)) return filter;
    luaL_checktype(state, argument, LUA_TTABLE);
    lua_pushnil(state);
    while (lua_next(state, argument) != 0) {
        luaL_argcheck(state, lua_type(state, -2) == LUA_TSTRING, argument,
                      "names expected, as in {process = \"init\"}");
        const std::string key(text_at(state, -2));
        if (key == "process" || key == "thread" || key == "cgroup")
            filter.texts[key] = text_at(state, lua_gettop(state));
        else if (key == "pid" || key == "tid")
            filter.numbers[key] = luaL_checkinteger(state, -1);
        else
            raise(state,
                  "threads cannot be chosen by '" + key.substr(0, 100) + "' (by: process, thread, cgroup, pid, tid)");
        lua_pop(state, 1);
    }
    return filter;
}

const json& threads_of(const Object& capture) {
    static const json none = json::object();
    const auto document = capture.node->find("capture");
    return list_member(document == capture.node->end() ? none : *document, "threads");
}

// capture:threads{process = ..., thread = ...}: a list, which may be empty.
int capture_threads(lua_State* state) {
    charge(state, 5);
    const Object capture = object_at(state, 1, capture_class);
    const ThreadFilter filter = filter_at(state, 2);
    lua_newtable(state);
    lua_Integer count = 0;
    for (const json& thread : threads_of(capture)) {
        charge(state, 3);
        if (!filter.takes(thread)) continue;
        push_object(state, thread_class, {&thread});
        lua_rawseti(state, -2, ++count);
    }
    return 1;
}

// capture:thread{...}: the only one.
int capture_thread(lua_State* state) {
    charge(state, 5);
    const Object capture = object_at(state, 1, capture_class);
    const ThreadFilter filter = filter_at(state, 2);
    const json* found = nullptr;
    int count = 0;
    std::set<std::string> processes;
    for (const json& thread : threads_of(capture)) {
        charge(state, 3);
        processes.insert(text_member(thread, "process"));
        if (!filter.takes(thread)) continue;
        found = &thread;
        ++count;
    }
    if (count == 0)
        raise(state, "the capture has no thread with" + filter.words() +
                         " (it has the processes: " + listed({processes.begin(), processes.end()}) + ")");
    if (count > 1)
        raise(state, "the capture has " + std::to_string(count) + " threads with" + filter.words() +
                         ": threads() gives them all");
    push_object(state, thread_class, {found});
    return 1;
}

// later:since(earlier, {process = ...}): what the threads of `later` did after `earlier`. One that was not there then
// has done everything since.
int capture_since(lua_State* state) {
    charge(state, 5);
    const Object later = object_at(state, 1, capture_class);
    const Object earlier = object_at(state, 2, capture_class);
    const ThreadFilter filter = filter_at(state, 3);
    std::map<std::pair<std::int64_t, std::int64_t>, const json*> before;
    const auto identity = [](const json& thread) {
        return std::pair{integer_member(thread, "tid").value_or(-1),
                         integer_member(thread, "start_time_ns").value_or(-1)};
    };
    for (const json& thread : threads_of(earlier)) {
        charge(state, 5);
        before[identity(thread)] = &thread;
    }
    lua_newtable(state);
    lua_Integer count = 0;
    for (const json& thread : threads_of(later)) {
        charge(state, 5);
        if (!filter.takes(thread)) continue;
        const auto found = before.find(identity(thread));
        push_object(state, thread_class, {&thread, {}, -1, found == before.end() ? nullptr : found->second});
        lua_rawseti(state, -2, ++count);
    }
    return 1;
}

// --- Captures --------------------------------------------------------------------------------------------------------

void push_capture_name(lua_State* state, const Object& capture) { push_text_member(state, *capture.node, "name"); }
void push_step(lua_State* state, const Object& capture) { push_integer_member(state, *capture.node, "step"); }
void push_time(lua_State* state, const Object& capture) { push_integer_member(state, *capture.node, "at_ns"); }
template <const char* const& name> void push_part(lua_State* state, const Object& capture) {
    const auto document = capture.node->find("capture");
    const auto part = document == capture.node->end() ? document : document->find(name);
    if (document == capture.node->end() || part == document->end()) raise(state, "the capture cannot be read");
    push_value(state, *part, name);
}
constexpr const char* report = "report";
constexpr const char* cgroups = "cgroups";

constexpr std::array capture_fields{Field{"name", push_capture_name}, Field{"step", push_step},
                                    Field{"at_ns", push_time}, Field{"report", push_part<report>},
                                    Field{"cgroups", push_part<cgroups>}};
constexpr std::array capture_methods{luaL_Reg{"threads", capture_threads}, luaL_Reg{"thread", capture_thread},
                                     luaL_Reg{"since", capture_since}};
constexpr ObjectClass capture_class{"ktstr.ctprof", "a capture", capture_fields, capture_methods};

} // namespace

// run:ctprof(name), and its number if there are several of that name.
int run_ctprof(lua_State* state) {
    charge(state, 5);
    const json& all = recorded_list(state, "ctprof", "ctprof captures");
    const std::string wanted(text_at(state, 2));
    std::set<std::string> known;
    std::vector<const json*> found;
    for (const json& capture : all) {
        charge(state, 2);
        known.insert(text_member(capture, "name"));
        if (text_member(capture, "name") == wanted) found.push_back(&capture);
    }
    if (found.empty())
        raise(state, "no ctprof capture '" + wanted.substr(0, 100) +
                         "' was taken (taken: " + listed({known.begin(), known.end()}) + ")");
    const bool chosen = !lua_isnoneornil(state, 3);
    if (!chosen && found.size() > 1)
        raise(state, "'" + wanted.substr(0, 100) + "' was captured " + std::to_string(found.size()) +
                         " times: say which, as in run:ctprof(\"" + wanted.substr(0, 100) + "\", 1)");
    const lua_Integer number = chosen ? luaL_checkinteger(state, 3) : 1;
    if (number < 1 || number > static_cast<lua_Integer>(found.size()))
        raise(state, "'" + wanted.substr(0, 100) + "' was captured " + std::to_string(found.size()) +
                         " times: there is no number " + std::to_string(number));
    push_object(state, capture_class, {found[static_cast<std::size_t>(number - 1)]});
    return 1;
}

void add_ctprof_classes(lua_State* state) {
    add_class(state, capture_class);
    add_class(state, thread_class);
}

} // namespace ktstr::lua
