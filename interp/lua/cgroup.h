// SPDX-License-Identifier: GPL-2.0-only
// run:cgroup(name): what all workers of a cgroup did together.
#pragma once

#include <lua.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace ktstr::lua {

void add_cgroup_class(lua_State* state);

// Whether a worker of `cgroup` belongs to `wanted`: a cgroup stands for those below it too.
bool covers(std::string_view wanted, std::string_view cgroup);

// An error that lists the cgroups, if none of the workers belongs to `wanted`.
void need_cgroup(lua_State* state, const nlohmann::json& workers, const std::string& wanted);

// Pushes the object: name, workers (their number), work_units, throughput (units per second of the time in which at
// least one of the workers lived), spread, longest_gap_ns, cpu_ns, run_delay_ns, migrations, isolation_violations, and
// wake_latency(quantile). The figures are those of the expectations (interp/eval/expectations.cpp).
void push_cgroup(lua_State* state, const nlohmann::json& workers, const std::string& name);

} // namespace ktstr::lua
