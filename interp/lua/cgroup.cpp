// SPDX-License-Identifier: GPL-2.0-only
#include "interp/lua/cgroup.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "interp/lua/object.h"
#include "interp/lua/state.h"
#include "interp/lua/value.h"
#include "interp/plan/latencies.h"

namespace ktstr::lua {

using nlohmann::json;

namespace {

constexpr double ns_per_s = 1e9;
using Workers = std::vector<const json*>;

struct Group {
    std::string name;
    Workers workers;
};

double number_of(const json& worker, const char* name) {
    return static_cast<double>(integer_member(worker, name).value_or(0));
}

std::int64_t sum_of(const Workers& workers, const char* name) {
    std::int64_t sum = 0;
    for (const auto* worker : workers) sum += integer_member(*worker, name).value_or(0);
    return sum;
}

void need_time(lua_State* state, const Group& group, const char* figure) {
    for (const auto* worker : group.workers)
        if (number_of(*worker, "wall_ns") <= 0)
            raise(state, "the cgroup '" + group.name + "' has no " + figure + ": worker " +
                             std::to_string(integer_member(*worker, "worker").value_or(-1)) +
                             " had no time to work in");
}

// Time in which at least one of the workers lived.
double lived_ns(const Workers& workers) {
    std::vector<std::pair<double, double>> lives;
    for (const auto* worker : workers) {
        const double begin = number_of(*worker, "started_at_ns");
        lives.emplace_back(begin, begin + number_of(*worker, "wall_ns"));
    }
    std::sort(lives.begin(), lives.end());
    double total = 0;
    double until = lives.front().first;
    for (const auto& [begin, end] : lives) {
        total += std::max(0.0, end - std::max(begin, until));
        until = std::max(until, end);
    }
    return total;
}

double throughput_of(lua_State* state, const Group& group) {
    const double time = lived_ns(group.workers);
    if (time <= 0)
        raise(state, "the cgroup '" + group.name + "' has no throughput: its workers had no time to work in");
    return static_cast<double>(sum_of(group.workers, "work_units")) * ns_per_s / time;
}

// (most - least) / mean of the units per second.
double spread_among(lua_State* state, const Group& group, const Workers& comparable) {
    std::vector<double> rates;
    double sum = 0;
    for (const auto* worker : comparable) {
        rates.push_back(number_of(*worker, "work_units") * ns_per_s / number_of(*worker, "wall_ns"));
        sum += rates.back();
    }
    if (sum == 0) raise(state, "the cgroup '" + group.name + "' has no spread: its workers did no work");
    const auto [least, most] = std::minmax_element(rates.begin(), rates.end());
    return (*most - *least) / (sum / static_cast<double>(rates.size()));
}

// The largest among workers that can be compared: same cgroup, work type and step.
double spread_of(lua_State* state, const Group& group) {
    need_time(state, group, "spread");
    std::map<std::tuple<std::string, std::string, std::int64_t>, Workers> comparable;
    for (const auto* worker : group.workers)
        comparable[{text_member(*worker, "cgroup"), text_member(*worker, "work_type"),
                    integer_member(*worker, "step").value_or(-1)}]
            .push_back(worker);
    std::optional<double> largest;
    for (const auto& [key, workers] : comparable)
        if (workers.size() > 1) largest = std::max(largest.value_or(0), spread_among(state, group, workers));
    if (!largest) raise(state, "the cgroup '" + group.name + "' has no spread: no two of its workers can be compared");
    return *largest;
}

// A worker that never came to its work was kept from it all its life.
std::int64_t longest_gap_of(const Workers& workers) {
    std::int64_t longest = 0;
    for (const auto* worker : workers) {
        const bool never_worked = number_of(*worker, "iterations") == 0 && number_of(*worker, "work_units") == 0;
        longest = std::max(longest, integer_member(*worker, "longest_gap_ns").value_or(0));
        if (never_worked) longest = std::max(longest, integer_member(*worker, "wall_ns").value_or(0));
    }
    return longest;
}

// The object's node is the record's list of workers, its text the cgroup's name.
Group group_of(lua_State* state, const Object& cgroup) {
    Group group{std::string(cgroup.text), {}};
    for (const json& worker : *cgroup.node) {
        charge(state, 2);
        if (covers(cgroup.text, text_member(worker, "cgroup"))) group.workers.push_back(&worker);
    }
    return group;
}

template <const char* const& name> void push_sum(lua_State* state, const Object& cgroup) {
    lua_pushinteger(state, sum_of(group_of(state, cgroup).workers, name));
}

void push_cgroup_name(lua_State* state, const Object& cgroup) { push_text(state, cgroup.text); }
void push_count(lua_State* state, const Object& cgroup) {
    lua_pushinteger(state, static_cast<lua_Integer>(group_of(state, cgroup).workers.size()));
}
void push_throughput(lua_State* state, const Object& cgroup) {
    lua_pushnumber(state, throughput_of(state, group_of(state, cgroup)));
}
void push_spread(lua_State* state, const Object& cgroup) {
    lua_pushnumber(state, spread_of(state, group_of(state, cgroup)));
}
void push_longest_gap(lua_State* state, const Object& cgroup) {
    lua_pushinteger(state, longest_gap_of(group_of(state, cgroup).workers));
}

constexpr const char* work_units = "work_units";
constexpr const char* cpu_ns = "cpu_ns";
constexpr const char* run_delay_ns = "run_delay_ns";
constexpr const char* migrations = "migrations";
constexpr const char* isolation_violations = "isolation_violations";

constexpr std::array cgroup_fields{Field{"name", push_cgroup_name},
                                   Field{"workers", push_count},
                                   Field{"work_units", push_sum<work_units>},
                                   Field{"throughput", push_throughput},
                                   Field{"spread", push_spread},
                                   Field{"longest_gap_ns", push_longest_gap},
                                   Field{"cpu_ns", push_sum<cpu_ns>},
                                   Field{"run_delay_ns", push_sum<run_delay_ns>},
                                   Field{"migrations", push_sum<migrations>},
                                   Field{"isolation_violations", push_sum<isolation_violations>}};
int cgroup_wake_latency(lua_State* state);
constexpr std::array cgroup_methods{luaL_Reg{"wake_latency", cgroup_wake_latency}};
constexpr ObjectClass cgroup_class{"ktstr.cgroup", "a cgroup", cgroup_fields, cgroup_methods};

plan::MergedLatencies wake_latencies_of(lua_State* state, const Group& group) {
    plan::MergedLatencies merged;
    std::vector<std::uint64_t> kept;
    for (const auto* worker : group.workers)
        for (const json& latency : list_member(*worker, "latencies")) {
            if (text_member(latency, "name") != plan::wake_latency) continue;
            kept.clear();
            for (const json& ns : list_member(latency, "kept_ns"))
                if (ns.is_number_unsigned()) kept.push_back(ns.get<std::uint64_t>());
            charge(state, kept.size() + 1);
            merged.add(
                static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_member(latency, "seen").value_or(0))),
                static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_member(latency, "max_ns").value_or(0))),
                kept);
        }
    return merged;
}

// cgroup:wake_latency(0.99), or the longest without a quantile; in ns.
int cgroup_wake_latency(lua_State* state) {
    const Group group = group_of(state, object_at(state, 1, cgroup_class));
    auto latencies = wake_latencies_of(state, group);
    const bool longest = lua_isnoneornil(state, 2);
    const double quantile = longest ? 1 : luaL_checknumber(state, 2);
    luaL_argcheck(state, quantile > 0 && quantile <= 1, 2, "a quantile is above 0 and at most 1");
    const auto value = quantile == 1 ? latencies.longest() : latencies.quantile(quantile);
    if (!value)
        raise(state, "the cgroup '" + group.name + "' has no such wake latency: it takes " +
                         std::to_string(plan::samples_needed(quantile)) + " samples, and its workers have " +
                         std::to_string(latencies.samples()));
    lua_pushinteger(state, static_cast<lua_Integer>(*value));
    return 1;
}

// The name as it lies in the record: the beginning of the cgroup of a worker that belongs to it.
std::string_view recorded_name(const json& workers, const std::string& wanted) {
    for (const json& worker : workers)
        if (covers(wanted, text_member(worker, "cgroup")))
            return std::string_view(worker.at("cgroup").get_ref<const std::string&>()).substr(0, wanted.size());
    return {};
}

} // namespace

void add_cgroup_class(lua_State* state) { add_class(state, cgroup_class); }

bool covers(std::string_view wanted, std::string_view cgroup) {
    return cgroup == wanted ||
           (cgroup.size() > wanted.size() && cgroup[wanted.size()] == '/' && cgroup.starts_with(wanted));
}

void need_cgroup(lua_State* state, const json& workers, const std::string& wanted) {
    std::set<std::string> known;
    for (const json& worker : workers) {
        const auto cgroup = text_member(worker, "cgroup");
        if (!wanted.empty() && covers(wanted, cgroup)) return;
        if (!cgroup.empty()) known.insert(cgroup);
    }
    raise(state, "no cgroup '" + wanted.substr(0, 100) +
                     "' had workers (with workers: " + listed({known.begin(), known.end()}) + ")");
}

void push_cgroup(lua_State* state, const json& workers, const std::string& name) {
    need_cgroup(state, workers, name);
    push_object(state, cgroup_class, {&workers, recorded_name(workers, name)});
}

} // namespace ktstr::lua
