// SPDX-License-Identifier: GPL-2.0-only
#include "guest/shared_region.h"

#include <sys/mman.h>

#include <cerrno>
#include <new>
#include <utility>

namespace ktstr::guest {

Result<SharedMemory> SharedMemory::create(std::size_t size, bool populate) {
    SharedMemory shared;
    const int flags = MAP_SHARED | MAP_ANONYMOUS | (populate ? MAP_POPULATE : MAP_NORESERVE);
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (memory == MAP_FAILED) return errno_error("share", std::to_string(size) + " bytes of memory", errno);
    shared.memory_ = memory;
    shared.size_ = size;
    return shared;
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept { *this = std::move(other); }

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
    return *this;
}

SharedMemory::~SharedMemory() {
    if (memory_ != nullptr) ::munmap(memory_, size_);
}

Result<SharedRegion> SharedRegion::create(std::size_t workers, std::size_t groups) {
    SharedRegion region;
    auto memory =
        SharedMemory::create(sizeof(GroupSlot) + workers * sizeof(WorkerSlot) + groups * sizeof(GroupSlot), true);
    if (!memory) return memory.error();
    region.memory_ = std::move(*memory);
    char* at = static_cast<char*>(region.memory_.get());
    new (at) GroupSlot; // the start signal
    at += sizeof(GroupSlot);
    region.workers_ = reinterpret_cast<WorkerSlot*>(at);
    for (std::size_t i = 0; i < workers; ++i, at += sizeof(WorkerSlot)) new (at) WorkerSlot;
    region.groups_ = reinterpret_cast<GroupSlot*>(at);
    for (std::size_t i = 0; i < groups; ++i, at += sizeof(GroupSlot)) new (at) GroupSlot;
    region.workers_left_ = workers;
    region.groups_left_ = groups;
    return region;
}

FutexWord& SharedRegion::started_batch() const { return static_cast<GroupSlot*>(memory_.get())->word; }

WorkerSlot* SharedRegion::take_worker_slots(std::size_t count) {
    if (workers_left_ < count) return nullptr;
    workers_left_ -= count;
    return std::exchange(workers_, workers_ + count);
}

GroupSlot* SharedRegion::take_group_slot() {
    if (groups_left_ == 0) return nullptr;
    --groups_left_;
    return groups_++;
}

} // namespace ktstr::guest
