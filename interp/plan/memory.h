// SPDX-License-Identifier: GPL-2.0-only
// Guest memory where the source says nothing of it.
#pragma once

#include <cstdint>

#include "interp/plan/topology.h"

namespace ktstr::plan {

// 512 MiB do for 8 CPUs; each further one adds per-CPU areas, stacks and its share of workers. In bytes.
std::uint64_t default_memory(const Topology& topology);

} // namespace ktstr::plan
