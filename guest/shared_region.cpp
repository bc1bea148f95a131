// SPDX-License-Identifier: GPL-2.0-only
#include "guest/shared_region.h"

#include <sys/mman.h>

#include <cerrno>
#include <new>
#include <utility>

namespace ktstr::guest {

Result<SharedRegion> SharedRegion::create(std::size_t workers, std::size_t groups) {
    SharedRegion region;
    region.size_ = sizeof(GroupSlot) + workers * sizeof(WorkerSlot) + groups * sizeof(GroupSlot);
    void* memory =
        ::mmap(nullptr, region.size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED)
        return errno_error("share memory for " + std::to_string(workers) + " workers:",
                           std::to_string(region.size_) + " bytes", errno);
    region.memory_ = memory;
    char* at = static_cast<char*>(memory);
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

SharedRegion::SharedRegion(SharedRegion&& other) noexcept { *this = std::move(other); }

SharedRegion& SharedRegion::operator=(SharedRegion&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
    std::swap(workers_, other.workers_);
    std::swap(groups_, other.groups_);
    std::swap(workers_left_, other.workers_left_);
    std::swap(groups_left_, other.groups_left_);
    return *this;
}

SharedRegion::~SharedRegion() {
    if (memory_ != nullptr) ::munmap(memory_, size_);
}

FutexWord& SharedRegion::started_batch() const { return static_cast<GroupSlot*>(memory_)->word; }

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
