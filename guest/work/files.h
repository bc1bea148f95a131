// SPDX-License-Identifier: GPL-2.0-only
// The descriptors that the members of a group share, and what is sent through them.
#pragma once

#include <cstddef>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "guest/work/worker.h"

namespace ktstr::guest {

// A pipe for each member, in the order of the members: first the end that is read, then the one that is written. None
// for work whose parameter `wake_by` says something else.
Result<std::vector<Fd>> open_ring(const plan::Work& work, int size);
// As many as the parameter `events` says; a read takes one of what was written.
Result<std::vector<Fd>> open_eventfds(const plan::Work& work, int size);

// A member's place in the ring: it reads its own pipe and writes that of the next. In a pair, the next is the other.
struct Ring {
    int in = -1;
    int out = -1;
};
// A process closes all other ends, so that the death of a neighbour is seen; threads die together.
Ring take_ring(const Worker& worker);

// All `size` bytes, to the one who owns the slot; what it sleeps in a read is a wake latency. False if the worker is
// told to stop meanwhile, or was waiting for that because nobody is at the other end any more.
bool send_all(const Worker& worker, int fd, WorkerSlot& to, const char* data, std::size_t size);
bool receive_all(Worker& worker, int fd, char* data, std::size_t size);

} // namespace ktstr::guest
