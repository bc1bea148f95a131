// SPDX-License-Identifier: GPL-2.0-only
#include "guest/timeline.h"

namespace ktstr::guest {

void Timeline::enter_step(int step, std::string name) {
    step_ = step;
    step_name_ = std::move(name);
}

void Timeline::phase(const std::string& name) { loop_.send(wire::FrameType::phase, wire::Phase{name, monotonic_ns()}); }

void Timeline::scenario_runs() {
    if (!scenario_runs_) phase("scenario");
    scenario_runs_ = true;
}

void Timeline::open_window() {
    start_ns_ = monotonic_ns();
    for (auto& [time_ns, event] : early_) {
        event.at_ns = at(time_ns);
        loop_.send(wire::FrameType::event, event);
    }
    early_.clear();
    event("scenario_start");
}

void Timeline::close_window() {
    workload_ns_ = monotonic_ns() - window_start_ns();
    event("scenario_end");
}

void Timeline::event(const std::string& kind, const std::string& op, const std::string& detail) {
    const std::uint64_t now = monotonic_ns();
    plan::StimulusEvent event{.at_ns = at(now),
                              .kind = kind,
                              .step = step_,
                              .step_name = step_name_,
                              .op = op,
                              .detail = detail,
                              .work_units = work_units_()};
    if (start_ns_)
        loop_.send(wire::FrameType::event, event);
    else
        early_.push_back({now, std::move(event)});
}

std::int64_t Timeline::at(std::uint64_t time_ns) const {
    return start_ns_ ? static_cast<std::int64_t>(time_ns) - static_cast<std::int64_t>(*start_ns_) : 0;
}

} // namespace ktstr::guest
