// SPDX-License-Identifier: GPL-2.0-only
// Numbers in the state of a snapshot (interp/plan/observation.h; docs/lua.md has its JSON), by dotted paths with
// indexes: `stats.local[3].sum`. Pointers are followed, enumerations are their number, true and false are 1 and 0. An
// error says what there is instead: "component 'c' not found after 'a.b' (members: ...)".
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/result.h"

namespace ktstr::eval {

// A variable of the schedulers, or what lies below it. Names may hold dots themselves: the longest one wins. Of several
// schedulers that have one, the active one's.
Result<double> variable_at(const nlohmann::json& state, std::string_view path);

// What the scheduler says of itself over its stats socket.
Result<double> stats_at(const nlohmann::json& state, std::string_view path);

// CPU time: `user_ns` of all CPUs together, `cpu[3].user_ns` of one.
Result<double> cpu_time_at(const nlohmann::json& state, std::string_view path);

} // namespace ktstr::eval
