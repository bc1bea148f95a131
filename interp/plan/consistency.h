// SPDX-License-Identifier: GPL-2.0-only
// What the parts of a plan that was read must agree on.
#pragma once

#include "base/result.h"
#include "interp/plan/plan.h"

namespace ktstr::plan {

// Names that lead nowhere or are taken twice, CPUs and nodes that the topology does not have, times outside of the
// workload window. The error names the member: "plan.steps[1].ops[0].scheduler ...".
Result<void> check_consistent(const Plan& plan);

} // namespace ktstr::plan
