// SPDX-License-Identifier: GPL-2.0-only
// Another program in the place of a scenario's scheduler.
#pragma once

#include "base/result.h"
#include "cli/batch.h"

namespace ktstr::cli {

// In the plans of all jobs: the program of the scheduler of that name, or of the one that the scenario begins with.
// The arguments go to those that are replaced, or to the latter if none is. An error if no scenario has such a
// scheduler.
Result<void> replace_schedulers(const Replacement& replacement, Batch& batch);

} // namespace ktstr::cli
