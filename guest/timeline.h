// SPDX-License-Identifier: GPL-2.0-only
// When things happen: the workload window, and the phases and events that the host is told of.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "guest/event_loop.h"
#include "interp/plan/record.h"

namespace ktstr::guest {

class Timeline {
  public:
    explicit Timeline(EventLoop& loop) : loop_(loop) {}

    void count_work_with(std::function<std::uint64_t()> work_units) { work_units_ = std::move(work_units); }
    void enter_step(int step, std::string name);
    [[nodiscard]] int step() const { return step_; }

    void phase(const std::string& name);
    // Tells the host of phase "scenario", once: when the first workers run.
    void scenario_runs();

    // The window opens when the first op is executed. Events from before it (the attach) are kept back until then.
    void open_window();
    void close_window();
    void event(const std::string& kind, const std::string& op = "", const std::string& detail = "");

    // From the window's start; 0 before there is one.
    [[nodiscard]] std::int64_t at(std::uint64_t time_ns) const;
    [[nodiscard]] std::uint64_t window_start_ns() const { return start_ns_.value_or(0); }
    [[nodiscard]] std::uint64_t workload_ns() const { return workload_ns_; }

  private:
    struct Early {
        std::uint64_t time_ns;
        plan::StimulusEvent event;
    };
    EventLoop& loop_;
    std::function<std::uint64_t()> work_units_ = [] { return 0; };
    int step_ = -1;
    std::string step_name_;
    bool scenario_runs_ = false;
    std::optional<std::uint64_t> start_ns_;
    std::uint64_t workload_ns_ = 0;
    std::vector<Early> early_;
};

} // namespace ktstr::guest
