// SPDX-License-Identifier: GPL-2.0-only
// What a scheduler says of itself over its stats socket, in the protocol of the sched-ext project's scx_stats.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace ktstr::observe {

// Of one line, {"errno": 0, "args": {"resp": ...}}: the response; or {"@absent": why}. The line may be anything.
nlohmann::json scheduler_stats(std::string_view line);

} // namespace ktstr::observe
