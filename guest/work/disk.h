// SPDX-License-Identifier: GPL-2.0-only
// Requests to a worker's part of the scratch disk, past the page cache.
#pragma once

#include <cstdint>

#include "guest/work/worker.h"

namespace ktstr::guest {

class Disk {
  public:
    // Requests of `block` bytes. The worker ends with an error if the disk takes no such blocks.
    Disk(const Worker& worker, std::size_t block);
    [[nodiscard]] std::uint64_t blocks() const { return blocks_; }
    // Both return when the disk has done it; a write is on it then, not in a cache (O_DSYNC).
    void write(std::uint64_t block) const;
    void read(std::uint64_t block) const;

  private:
    [[nodiscard]] off_t place_of(std::uint64_t block) const;
    const Worker& worker_;
    std::size_t block_;
    std::uint64_t blocks_;
    char* buffer_;
};

} // namespace ktstr::guest
