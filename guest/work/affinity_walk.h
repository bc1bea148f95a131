// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "guest/work/worker.h"

namespace ktstr::guest {

// Pins a process to one after another of the CPUs that it may use, whatever becomes of its cpuset meanwhile.
class AffinityWalk {
  public:
    AffinityWalk(const Worker& worker, pid_t pid);
    // False if the process is gone.
    bool pin_next();

  private:
    void look();
    const Worker& worker_;
    pid_t pid_;
    std::vector<int> cpus_;
    std::size_t next_ = 0;
};

// The CPUs that a process may use; empty if it is gone.
std::vector<int> affinity_of(const Worker& worker, pid_t pid);
// False if the process is gone, or may use none of them.
bool pin(const Worker& worker, pid_t pid, const std::vector<int>& cpus);
// To all that its cgroup gives it. False if the process is gone.
bool unpin(const Worker& worker, pid_t pid);

} // namespace ktstr::guest
