// SPDX-License-Identifier: GPL-2.0-only
// Where the kernel has a process's memory.
#pragma once

#include <sys/types.h>

#include <string_view>
#include <vector>

#include "interp/plan/record.h"

namespace ktstr::guest {

// Whether there is more than one node, and so a question where memory lies.
bool has_numa_nodes();

// From /proc/<pid>/numa_maps: nodes that have pages of the process, in their order. Empty if it cannot be read.
std::vector<plan::NodePages> numa_pages_of(pid_t pid);

// The pages in a text as of proc_pid_numa_maps(5), "N0=12 N1=3" in each line, added up.
std::vector<plan::NodePages> sum_of_numa_maps(std::string_view text);

} // namespace ktstr::guest
