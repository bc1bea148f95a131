// SPDX-License-Identifier: GPL-2.0-only
// A work loop that gives its worker another scheduling policy.
#pragma once

#include <string_view>

#include "guest/work/worker.h"

namespace ktstr::guest {

// "normal", "batch", "idle", "fifo" or "rr"; the priority counts for the last two. The worker ends with an error if the
// kernel refuses.
void set_own_policy(const Worker& worker, std::string_view policy, int priority = 1);

} // namespace ktstr::guest
