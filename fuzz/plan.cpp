// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/plan.h"

#include "fuzz/check.h"
#include "fuzz/targets.h"
#include "interp/plan/plan_file.h"

namespace ktstr::fuzz {

std::string try_plan(std::string_view input) {
    const auto plans = plan::plans_from_text(input);
    if (!plans) return plans.error().message.empty() ? "a plan is refused without a reason" : "";
    for (const auto& plan : *plans)
        if (auto fault = check_round_trip(plan); !fault.empty()) return fault;
    return {};
}

} // namespace ktstr::fuzz
