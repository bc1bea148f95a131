// SPDX-License-Identifier: GPL-2.0-only
// The disk that the host attaches for plans with block I/O.
#pragma once

#include <cstdint>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr::guest {

struct ScratchDisk {
    Fd file; // for requests past the page cache; a write returns when it is on the disk. None if there is no disk.
    std::uint64_t bytes = 0;
};

// Finds it by its serial number among the block devices of `sys_block`, and opens it in `dev`. A machine without it is
// no error.
Result<ScratchDisk> open_scratch_disk(const char* sys_block = "/sys/block", const char* dev = "/dev");

} // namespace ktstr::guest
