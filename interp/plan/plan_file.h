// SPDX-License-Identifier: GPL-2.0-only
// Plans as they lie in a file: one, several in a JSON array, or one after the other as `ktstr plan` prints them (JSON
// lines are that too).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "interp/plan/plan.h"

namespace ktstr::plan {

// Errors name the line of what is not JSON, or the path of a member that is wrong: "plan[2].steps[0].hold_ns ...", by
// number if there is more than one.
Result<std::vector<Plan>> plans_from_text(std::string_view text);

} // namespace ktstr::plan
