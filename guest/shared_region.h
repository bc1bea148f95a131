// SPDX-License-Identifier: GPL-2.0-only
// The memory that the executor and its workers share: the start signal, a slot per worker, a slot per group.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "guest/work/worker.h"

namespace ktstr::guest {

// Memory of zeros that is shared with what is forked from now on.
class SharedMemory {
  public:
    // `populate`: all pages are touched here. Otherwise whoever touches one first is charged for it.
    static Result<SharedMemory> create(std::size_t size, bool populate);
    SharedMemory() = default;
    SharedMemory(SharedMemory&& other) noexcept;
    SharedMemory& operator=(SharedMemory&& other) noexcept;
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;
    ~SharedMemory();
    [[nodiscard]] void* get() const { return memory_; }

  private:
    void* memory_ = nullptr;
    std::size_t size_ = 0;
};

class SharedRegion {
  public:
    // All pages are touched here, so that they are charged to the executor and not to a worker's cgroup.
    static Result<SharedRegion> create(std::size_t workers, std::size_t groups);
    // The number of the last batch of workers that may run: workers sleep on it until their batch's turn.
    [[nodiscard]] FutexWord& started_batch() const;
    // Each slot is handed out once. Null when there are not as many left.
    WorkerSlot* take_worker_slots(std::size_t count); // one after the other
    GroupSlot* take_group_slot();

  private:
    SharedRegion() = default;
    SharedMemory memory_;
    WorkerSlot* workers_ = nullptr;
    GroupSlot* groups_ = nullptr;
    std::size_t workers_left_ = 0;
    std::size_t groups_left_ = 0;
};

} // namespace ktstr::guest
