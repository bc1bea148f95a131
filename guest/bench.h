// SPDX-License-Identifier: GPL-2.0-only
// What telemetry costs a worker, and what it takes to start one: for bench/, not for users.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace ktstr::guest {

// Runs the loop of spin_wait bare, for so many seconds of CPU time, and prints its iterations per second of CPU time as
// one line of JSON.
Result<void> bench_loop(double seconds);

// Runs bare loop and spin_wait worker in turns, `seconds` in all, and prints both rates (medians over the turns) and
// the median of the turns' ratios worker / bare, as one line of JSON.
Result<void> bench_spin(double seconds);

// Starts 64 workers and 64 bare processes in turns, for so many seconds, and prints as one line of JSON, of all turns
// the fastest tenth: the skew between the first instruction of the first and of the last, the time from the start
// signal to that of the last, and how many workers and bare processes come and go per second, one after the other.
Result<void> bench_start(double seconds);

// Runs each work type (or `only` some), `seconds` each, with its telemetry and with counting only, in turns, and prints
// a line of JSON: "work_type", the medians of "ratio" (work units per second with / without) and of "cpu_ratio" (the
// same per second of CPU time), the ratio's quartiles "low" and "high", "pairs".
Result<void> bench_telemetry(double seconds, const std::vector<std::string>& only);

} // namespace ktstr::guest
