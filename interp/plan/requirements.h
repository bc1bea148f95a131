// SPDX-License-Identifier: GPL-2.0-only
// What a plan may ask for and this version of ktstr does not do yet. Such a plan is refused before anything boots.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "interp/plan/plan.h"

namespace ktstr::plan {

struct Lack {
    std::string what;      // as a user would name it: "op `snapshot`"
    SourcePosition source; // of what needs it
};

// Everything in the plan that cannot be done, in the plan's order, each thing once per place.
std::vector<Lack> lacks(const Plan& plan);

// Whether the executor does an op of op_names().
bool is_executed_op(std::string_view name);

// Whether the evaluator can judge the formula: every measure of workers that is in it.
bool is_judged(const Formula& formula);

} // namespace ktstr::plan
