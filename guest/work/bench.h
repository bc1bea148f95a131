// SPDX-License-Identifier: GPL-2.0-only
// What the benchmarks need beside their loops.
#pragma once

#include <cstddef>

#include "interp/plan/plan.h"

namespace ktstr::guest {

std::size_t schbench_shared_bytes(const plan::Work& work);
std::size_t taobench_shared_bytes(const plan::Work& work);

// The rate to try after a second of `rate` requests, in which the CPUs were busy for `busy` of their time, to come to
// `target`: in large steps from afar, in small ones near it.
double next_rate(double rate, double busy, double target);

} // namespace ktstr::guest
