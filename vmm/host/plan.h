// SPDX-License-Identifier: GPL-2.0-only
// Plans that are to run on the host itself instead of in a virtual machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "interp/plan/plan.h"

namespace ktstr::vmm {

// What the machine has less of than the scenario asks for: "2 LLCs, and this machine has 1"; none if it fits.
std::optional<std::string> too_small(const plan::Topology& asked, const plan::Topology& machine);

struct HostRefusal {
    Error error;
    plan::SourcePosition source; // of what is refused
};

// What the plan does that is not done to a machine which others use. `active`: the sched_ext scheduler that runs on
// it, empty if there is none.
std::vector<HostRefusal> host_refusals(const plan::Plan& plan, const std::string& active);

} // namespace ktstr::vmm
