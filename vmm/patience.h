// SPDX-License-Identifier: GPL-2.0-only
// A clock for watchdogs that is fair on a busy host: it stands still in proportion to the time in which the virtual
// machine's threads wanted to run and the host ran something else.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

namespace ktstr::vmm {

class Patience {
  public:
    explicit Patience(pid_t process);
    // Brings the clock up to date from /proc/PID/task/*/schedstat (time on a CPU, time waiting for one; kernel
    // Documentation/scheduler/sched-stats.rst). Call it about twice a second.
    void update();
    // Restarts the count at zero, for a new phase.
    void restart() { elapsed_ = {}; }
    // Time since restart() that the machine could use.
    [[nodiscard]] std::chrono::duration<double> elapsed() const { return elapsed_; }

  private:
    struct Usage {
        std::uint64_t ran_ns = 0;
        std::uint64_t waited_ns = 0;
    };
    [[nodiscard]] Usage read_usage() const;

    pid_t process_;
    Usage last_usage_;
    std::chrono::steady_clock::time_point last_update_;
    std::chrono::duration<double> elapsed_{};
};

} // namespace ktstr::vmm
