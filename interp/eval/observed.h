// SPDX-License-Identifier: GPL-2.0-only
// Numbers in the state of a snapshot (interp/plan/observation.h; docs/lua.md has its JSON), by dotted paths with
// indexes: `stats.local[3].sum`. Pointers are followed, enumerations are their number, true and false are 1 and 0. An
// error says what there is instead: "component 'c' not found after 'a.b' (members: ...)".
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace ktstr::eval {

// The variables of a state, which has to outlive this, by their names: for who reads more than one.
class Variables {
  public:
    explicit Variables(const nlohmann::json& state);
    // A variable of the schedulers, or what lies below it. Names may hold dots themselves: the longest one wins. Of
    // several schedulers that have one, the active one's.
    [[nodiscard]] Result<double> at(std::string_view path) const;

  private:
    using Named = std::pair<std::string_view, const nlohmann::json*>;
    [[nodiscard]] std::span<const Named> named(std::string_view path) const;
    static Result<const nlohmann::json*> only(std::span<const Named> found);

    const nlohmann::json* all_;
    std::vector<Named> by_name_; // sorted; those of one name as they came
};
Result<double> variable_at(const nlohmann::json& state, std::string_view path);

// What the scheduler says of itself over its stats socket.
Result<double> stats_at(const nlohmann::json& state, std::string_view path);

// CPU time: `user_ns` of all CPUs together, `cpu[3].user_ns` of one.
Result<double> cpu_time_at(const nlohmann::json& state, std::string_view path);

} // namespace ktstr::eval
