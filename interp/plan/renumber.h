// SPDX-License-Identifier: GPL-2.0-only
// A plan for a machine that counts its CPUs otherwise than a topology does.
#pragma once

#include <vector>

#include "interp/plan/plan.h"

namespace ktstr::plan {

// The plan with `cpus[i]` in the place of the topology's CPU i; `cpus` has all of them.
Plan renumbered(Plan plan, const std::vector<int>& cpus);

} // namespace ktstr::plan
