// SPDX-License-Identifier: GPL-2.0-only
// The watchpoints of a run: which are set, and what becomes of a write that stops the machine.
//
// A stop costs a round trip of a fraction of a millisecond at least, in which no vCPU runs. So a place that is written
// all the time is not watched all the time: after `most_dropped` writes that came too soon for a snapshot it is left
// alone until the next snapshot may be taken.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "interp/plan/observation.h"
#include "interp/plan/plan.h"
#include "vmm/boot/machine.h"

namespace ktstr::vmm {

class Watches {
  public:
    using Clock = std::chrono::steady_clock;
    // Takes a snapshot of the machine, which stands still, under that name.
    using Capture = std::function<void(const std::string& name, int step)>;

    static constexpr int most_dropped = 32; // between two snapshots

    // With the machine running. `bytes` is 1, 2, 4 or 8.
    Result<void> add(Machine& machine, const plan::WatchSnapshot& watch, int step, std::uint64_t address,
                     std::uint64_t bytes);
    // The machine stands still because of this write.
    Result<void> fired(Machine& machine, const Debugger::Stop& stop, const Capture& capture);
    // One that no snapshot could be taken of: it fell into another one's stop.
    void missed(const Debugger::Stop& stop);
    // Takes away those of the step.
    Result<void> end_step(Machine& machine, int step);
    [[nodiscard]] bool any() const { return !armed_.empty(); }
    // When rearm() is to be called; none: not for now.
    [[nodiscard]] std::optional<Clock::time_point> next_rearm() const;
    Result<void> rearm(Machine& machine);
    std::vector<plan::Watch> take() { return std::move(seen_); }

  private:
    struct Armed {
        std::size_t index; // in seen_
        std::uint64_t max_fires;
        std::chrono::nanoseconds min_interval;
        int step;
        bool set = true; // as a watchpoint
        int dropped_in_row = 0;
        std::optional<Clock::time_point> last_capture = {};
        Clock::time_point blind_since = {};
    };
    Armed* find(std::uint64_t address);
    Result<void> unset(Machine& machine, Armed& armed);
    std::vector<plan::Watch> seen_; // in the order of their ops
    std::vector<Armed> armed_;
};

} // namespace ktstr::vmm
