// SPDX-License-Identifier: GPL-2.0-only
// The executor's way through one run: ready, told what to do, staged, scenario, finish.
#pragma once

#include "base/result.h"
#include "guest/port.h"

namespace ktstr::guest {

// All that does not depend on a plan. What comes after it may come after the VM was saved and restored.
Result<Port> make_ready();

// From hello to the last frame. The caller powers off.
void run_executor(Port port);

} // namespace ktstr::guest
