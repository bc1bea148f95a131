// SPDX-License-Identifier: GPL-2.0-only
// What a plan needs of the scratch disk: a disk of the virtual machine's own, empty and gone with it.
#pragma once

#include <cstdint>

#include "interp/plan/plan.h"

namespace ktstr::plan {

constexpr std::uint64_t disk_bytes = 1ULL << 40U; // a hole: takes what is written to it
constexpr const char* disk_serial = "ktstr-scratch";
constexpr std::uint64_t sequence_block = 4096; // of an `io` phase of sequence, written within sequence_extent
constexpr std::uint64_t sequence_extent = 1ULL << 20U;

// Bytes of the disk that each group of `work` works in; 0 if it does no block I/O.
std::uint64_t disk_bytes_of_group(const Work& work);

// Whether any work of the plan does block I/O.
bool needs_disk(const Plan& plan);

} // namespace ktstr::plan
