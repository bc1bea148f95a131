// SPDX-License-Identifier: GPL-2.0-only
// What telemetry costs a worker: for bench/, not for users.
#pragma once

#include "base/result.h"

namespace ktstr::guest {

// Runs the loop of spin_wait bare, for so many seconds of CPU time, and prints its iterations per second of CPU time as
// one line of JSON.
Result<void> bench_loop(double seconds);

// Runs bare loop and spin_wait worker in turns, `seconds` in all, and prints both rates (medians over the turns) and
// the median of the turns' ratios worker / bare, as one line of JSON.
Result<void> bench_spin(double seconds);

} // namespace ktstr::guest
