// SPDX-License-Identifier: GPL-2.0-only
#include "guest/work/disk.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "guest/work/buffer.h"

namespace ktstr::guest {

namespace {

constexpr std::size_t sector = 512; // bytes, of virtio-blk

} // namespace

Disk::Disk(const Worker& worker, std::size_t block)
    : worker_(worker), block_(block), blocks_(std::max<std::uint64_t>(1, worker.setting().disk.bytes / block)),
      buffer_(nullptr) {
    if (block % sector != 0)
        worker.refuse("a block of " + std::to_string(block) + " bytes is not of whole sectors of 512 bytes");
    buffer_ = map_buffer(worker, block);
}

off_t Disk::place_of(std::uint64_t block) const {
    return static_cast<off_t>(worker_.setting().disk.offset + block % blocks_ * block_);
}

void Disk::write(std::uint64_t block) const {
    std::memcpy(buffer_, &block, sizeof(block)); // no two the same
    if (::pwrite(worker_.setting().disk.fd, buffer_, block_, place_of(block)) == static_cast<ssize_t>(block_)) return;
    if (errno != EINTR) worker_.fail("write to the scratch disk", errno);
}

void Disk::read(std::uint64_t block) const {
    if (::pread(worker_.setting().disk.fd, buffer_, block_, place_of(block)) == static_cast<ssize_t>(block_)) return;
    if (errno != EINTR) worker_.fail("read from the scratch disk", errno);
}

} // namespace ktstr::guest
