// SPDX-License-Identifier: GPL-2.0-only
#include "interp/lua/run.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "interp/lua/cgroup.h"
#include "interp/lua/object.h"
#include "interp/lua/state.h"
#include "interp/lua/value.h"
#include "interp/plan/plan.h"

namespace ktstr::lua {

using nlohmann::json;

namespace {

const json& plan_of(lua_State* state, const Object& run) {
    const auto plan = run.node->find("plan");
    if (plan == run.node->end() || !plan->is_object()) raise(state, "this run's record does not hold its plan");
    return *plan;
}

// --- run.* -----------------------------------------------------------------------------------------------------------

void push_scheduler(lua_State* state, const Object& run) {
    const json& plan = plan_of(state, run);
    if (const auto scheduler = plan.find("scheduler"); scheduler != plan.end() && scheduler->is_string())
        push_text_member(state, plan, "scheduler");
    else
        lua_pushnil(state); // the kernel's own
}

void push_topology(lua_State* state, const Object& run) {
    const json& plan = plan_of(state, run);
    const auto member = plan.find("topology");
    const auto topology = plan::topology_from_json(member == plan.end() ? json() : *member);
    if (!topology) raise(state, "the plan's topology cannot be read: " + topology.error().message);
    lua_newtable(state);
    push_text(state, topology->label());
    lua_setfield(state, -2, "label");
    const std::array numbers{std::pair{"nodes", topology->nodes}, std::pair{"llcs", topology->llcs},
                             std::pair{"cores", topology->cores}, std::pair{"threads", topology->threads},
                             std::pair{"cpus", topology->cpus()}};
    for (const auto& [name, number] : numbers) {
        lua_pushinteger(state, number);
        lua_setfield(state, -2, name);
    }
}

void push_plan(lua_State* state, const Object& run) { push_value(state, plan_of(state, run), "plan"); }
void push_scenario(lua_State* state, const Object& run) { push_text_member(state, plan_of(state, run), "scenario"); }
void push_duration(lua_State* state, const Object& run) { push_integer_member(state, *run.node, "workload_ns"); }
void push_seed(lua_State* state, const Object& run) { push_integer_member(state, *run.node, "seed"); }
template <const char* const& name> void push_text_field(lua_State* state, const Object& run) {
    push_text_member(state, *run.node, name);
}

constexpr const char* accelerator = "accelerator";
constexpr const char* kernel_release = "kernel_release";
constexpr const char* clock = "clock";
constexpr const char* end = "end";
constexpr const char* message = "message";

constexpr std::array run_fields{Field{"scenario", push_scenario},
                                Field{"scheduler", push_scheduler},
                                Field{"topology", push_topology},
                                Field{"plan", push_plan},
                                Field{"kernel", push_text_field<kernel_release>},
                                Field{"accelerator", push_text_field<accelerator>},
                                Field{"clock", push_text_field<clock>},
                                Field{"duration", push_duration},
                                Field{"seed", push_seed},
                                Field{"ended", push_text_field<end>},
                                Field{"message", push_text_field<message>}};

// --- Steps -----------------------------------------------------------------------------------------------------------

// Steps as the record's events tell of them.
struct Step {
    int index = -1;
    std::string name;
    std::optional<std::int64_t> start;
    std::optional<std::int64_t> stop;
};

std::vector<Step> steps_of(lua_State* state, const json& record) {
    std::vector<Step> steps;
    for (const json& event : list_member(record, "events")) {
        charge(state, 2);
        const auto kind = text_member(event, "kind");
        const auto index = static_cast<int>(integer_member(event, "step").value_or(-1));
        if (kind == "step_start")
            steps.push_back({index, text_member(event, "step_name"), integer_member(event, "at_ns"), {}});
        if (kind != "step_end") continue;
        for (auto& step : steps)
            if (step.index == index) step.stop = integer_member(event, "at_ns");
    }
    return steps;
}

// A step by its name, or by its index counted from 0 as in the record.
Step find_step(lua_State* state, const json& record, int argument) {
    const bool by_index = lua_isinteger(state, argument) != 0;
    const std::string wanted =
        by_index ? std::to_string(lua_tointeger(state, argument)) : std::string(text_at(state, argument));
    const Step* found = nullptr;
    std::vector<std::string> names;
    const auto steps = steps_of(state, record);
    for (const auto& step : steps) {
        names.push_back(step.name);
        if (by_index ? step.index != lua_tointeger(state, argument) : step.name != wanted) continue;
        if (found != nullptr)
            raise(state, "several steps are called '" + wanted + "': take one by its index, counted from 0");
        found = &step;
    }
    if (found == nullptr) raise(state, "no step '" + wanted.substr(0, 100) + "' was run (run: " + listed(names) + ")");
    return *found;
}

int run_step(lua_State* state) {
    charge(state, 5);
    const Step step = find_step(state, run_record(state), 2);
    if (!step.start || !step.stop) raise(state, "the step '" + step.name + "' has no end: the run ended in it");
    lua_newtable(state);
    push_text(state, step.name);
    lua_setfield(state, -2, "name");
    lua_pushinteger(state, step.index);
    lua_setfield(state, -2, "index");
    lua_pushinteger(state, *step.start);
    lua_setfield(state, -2, "start");
    lua_pushinteger(state, *step.stop);
    lua_setfield(state, -2, "stop");
    lua_pushinteger(state, *step.stop - *step.start);
    lua_setfield(state, -2, "duration");
    return 1;
}

// --- Workers, cgroups, events ----------------------------------------------------------------------------------------

// A filter's value must be one that the record knows: a name one letter off would select nothing without a word.
void need_known(lua_State* state, const json& workers, const char* member, const std::string& wanted) {
    std::set<std::string> known;
    for (const json& worker : workers) known.insert(text_member(worker, member));
    if (known.contains(wanted)) return;
    raise(state, std::string("no worker has the ") + member + " '" + wanted.substr(0, 100) +
                     "' (there are: " + listed({known.begin(), known.end()}) + ")");
}

struct WorkerFilter {
    std::optional<std::string> cgroup;
    std::optional<std::string> work;
    std::optional<std::string> work_type;
    std::optional<int> step;

    [[nodiscard]] bool takes(const json& worker) const {
        return (!cgroup || covers(*cgroup, text_member(worker, "cgroup"))) &&
               (!work || text_member(worker, "work") == *work) &&
               (!work_type || text_member(worker, "work_type") == *work_type) &&
               (!step || integer_member(worker, "step") == *step);
    }
};

void set_filter(lua_State* state, const json& record, WorkerFilter& filter, const std::string& key, int value) {
    const json& workers = list_member(record, "workers");
    if (key == "step") {
        filter.step = find_step(state, record, value).index;
        return;
    }
    const std::string wanted(text_at(state, value));
    if (key == "cgroup") {
        need_cgroup(state, workers, wanted);
        filter.cgroup = wanted;
    } else if (key == "work" || key == "work_type") {
        need_known(state, workers, key.c_str(), wanted);
        (key == "work" ? filter.work : filter.work_type) = wanted;
    } else {
        raise(state, "workers cannot be chosen by '" + key.substr(0, 100) + "' (by: cgroup, work, work_type, step)");
    }
}

int run_workers(lua_State* state) {
    charge(state, 5);
    const json& record = run_record(state);
    WorkerFilter filter;
    if (!lua_isnoneornil(state, 2)) {
        luaL_checktype(state, 2, LUA_TTABLE);
        lua_pushnil(state);
        while (lua_next(state, 2) != 0) {
            luaL_argcheck(state, lua_type(state, -2) == LUA_TSTRING, 2, "names expected, as in {cgroup = \"hot\"}");
            set_filter(state, record, filter, std::string(text_at(state, -2)), lua_gettop(state));
            lua_pop(state, 1);
        }
    }
    lua_newtable(state);
    lua_Integer count = 0;
    for (const json& worker : list_member(record, "workers")) {
        charge(state, 5);
        if (!filter.takes(worker)) continue;
        push_value(state, worker, "worker " + std::to_string(integer_member(worker, "worker").value_or(-1)));
        lua_rawseti(state, -2, ++count);
    }
    return 1;
}

int run_cgroup(lua_State* state) {
    charge(state, 5);
    const json& record = run_record(state);
    push_cgroup(state, list_member(record, "workers"), std::string(text_at(state, 2)));
    return 1;
}

int run_events(lua_State* state) {
    charge(state, 5);
    static const std::set<std::string> kinds{"scenario_start",     "step_start",      "op", "step_end", "scenario_end",
                                             "scheduler_attached", "scheduler_exited"};
    const json& events = list_member(run_record(state), "events");
    const std::string wanted(lua_isnoneornil(state, 2) ? "" : text_at(state, 2));
    std::set<std::string> known = kinds;
    for (const json& event : events) known.insert(text_member(event, "kind"));
    if (!wanted.empty() && !known.contains(wanted))
        raise(state, "there are no events of the kind '" + wanted.substr(0, 100) +
                         "' (kinds: " + listed({known.begin(), known.end()}) + ")");
    lua_newtable(state);
    lua_Integer count = 0;
    for (const json& event : events) {
        charge(state, 2);
        if (!wanted.empty() && text_member(event, "kind") != wanted) continue;
        push_value(state, event, "event");
        lua_rawseti(state, -2, ++count);
    }
    return 1;
}

// run:cgroup_procs(tag): what was captured under that tag, one for each time.
int run_cgroup_procs(lua_State* state) {
    charge(state, 5);
    const json& all = recorded_list(state, "cgroup_procs", "processes of cgroups");
    const std::string wanted(text_at(state, 2));
    std::set<std::string> known;
    lua_newtable(state);
    lua_Integer count = 0;
    for (const json& procs : all) {
        charge(state, 2);
        known.insert(text_member(procs, "tag"));
        if (text_member(procs, "tag") != wanted) continue;
        push_value(state, procs, "the processes captured as " + wanted.substr(0, 100));
        lua_rawseti(state, -2, ++count);
    }
    if (count == 0)
        raise(state, "no processes were captured as '" + wanted.substr(0, 100) +
                         "' (captured: " + listed({known.begin(), known.end()}) + ")");
    return 1;
}

// run:reads(name): what read_kernel saw under that name, each time; run:read(name): the last value.
void push_reads(lua_State* state, bool last_only) {
    charge(state, 5);
    const json& all = recorded_list(state, "kernel_reads", "reads of the kernel's memory");
    const std::string wanted(text_at(state, 2));
    std::set<std::string> known;
    std::vector<const json*> found;
    for (const json& read : all) {
        charge(state, 2);
        known.insert(text_member(read, "name"));
        if (text_member(read, "name") == wanted) found.push_back(&read);
    }
    if (found.empty())
        raise(state, "nothing was read as '" + wanted.substr(0, 100) +
                         "' (read: " + listed({known.begin(), known.end()}) + ")");
    if (last_only) return push_value(state, (*found.back())["value"], wanted);
    lua_newtable(state);
    lua_Integer count = 0;
    for (const auto* read : found) {
        push_value(state, *read, wanted);
        lua_rawseti(state, -2, ++count);
    }
}

int run_read(lua_State* state) {
    push_reads(state, true);
    return 1;
}

int run_reads(lua_State* state) {
    push_reads(state, false);
    return 1;
}

int run_scheduler_log(lua_State* state) {
    charge(state, 5);
    push_text_member(state, run_record(state), "scheduler_log");
    return 1;
}

int run_console(lua_State* state) {
    charge(state, 5);
    push_text_member(state, run_record(state), "console");
    return 1;
}

constexpr std::array run_methods{luaL_Reg{"workers", run_workers},
                                 luaL_Reg{"cgroup", run_cgroup},
                                 luaL_Reg{"events", run_events},
                                 luaL_Reg{"step", run_step},
                                 luaL_Reg{"snapshot", run_snapshot},
                                 luaL_Reg{"snapshots", run_snapshots},
                                 luaL_Reg{"series", run_series},
                                 luaL_Reg{"payload", run_payload},
                                 luaL_Reg{"console", run_console},
                                 luaL_Reg{"scheduler_log", run_scheduler_log},
                                 luaL_Reg{"cgroup_procs", run_cgroup_procs},
                                 luaL_Reg{"read", run_read},
                                 luaL_Reg{"reads", run_reads},

                                 luaL_Reg{"ctprof", run_ctprof}};
constexpr ObjectClass run_class{"ktstr.run", "the run", run_fields, run_methods};

} // namespace

const json& run_record(lua_State* state) { return *object_at(state, 1, run_class).node; }

const json& recorded_list(lua_State* state, const char* name, const char* what) {
    const json& record = run_record(state);
    const auto found = record.find(name);
    if (found == record.end() || !found->is_array()) raise(state, std::string("this run's record holds no ") + what);
    return *found;
}

void add_run(lua_State* state) {
    add_value_class(state);
    add_class(state, run_class);
    add_cgroup_class(state);
    add_snapshot_classes(state);
    add_series_classes(state);
    add_ctprof_classes(state);
    push_object(state, run_class, {&context_of(state).record});
    lua_setglobal(state, "run");
}

} // namespace ktstr::lua
