// SPDX-License-Identifier: GPL-2.0-only
// The global `run`: docs/lua.md describes it.
#pragma once

#include <lua.hpp>
#include <nlohmann/json_fwd.hpp>

namespace ktstr::lua {

// Sets the global. May raise an error for want of memory.
void add_run(lua_State* state);

// Methods of `run` that read what was observed; each in the file of its subject.
int run_snapshot(lua_State* state);
int run_snapshots(lua_State* state);
int run_series(lua_State* state);
int run_payload(lua_State* state);
int run_ctprof(lua_State* state);
void add_snapshot_classes(lua_State* state);
void add_series_classes(lua_State* state);
void add_ctprof_classes(lua_State* state);

// The record, if argument 1 is `run`; else an error.
const nlohmann::json& run_record(lua_State* state);
// A list of the record, or an error that says that this run has none.
const nlohmann::json& recorded_list(lua_State* state, const char* name, const char* what);

} // namespace ktstr::lua
