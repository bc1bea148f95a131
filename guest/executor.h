// SPDX-License-Identifier: GPL-2.0-only
// The executor's way through one run: ready, told what to do, staged, scenario, finish.
#pragma once

#include "base/result.h"
#include "guest/cgroup.h"
#include "guest/port.h"

namespace ktstr::guest {

struct Ready {
    Port port;
    CgroupTree cgroups;
};

// All that does not depend on a plan. What comes after it may come after the VM was saved and restored, in a CPU that
// has not run anything yet: what is slow belongs here.
Result<Ready> make_ready();

// From hello to the last frame. The caller powers off.
void run_executor(Ready ready);

} // namespace ktstr::guest
