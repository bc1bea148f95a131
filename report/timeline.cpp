// SPDX-License-Identifier: GPL-2.0-only
#include "report/timeline.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "interp/plan/monitor.h"

namespace ktstr::report {

namespace {

using Sample = Timeline::Sample;

void sort_by_time(auto& items) {
    std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.at_ns < b.at_ns; });
}

void add_steps(Timeline& timeline, const plan::Record& record) {
    std::map<int, Timeline::Step> open;
    std::int64_t last_ns = 0;
    const auto close = [&](Timeline::Step step) {
        step.to_ns = last_ns;
        timeline.steps.push_back(std::move(step));
    };
    for (const auto& event : record.events) {
        last_ns = std::max(last_ns, event.at_ns);
        if (event.kind == "step_start") open[event.step] = {event.step_name, event.step, event.at_ns, event.at_ns};
        if (event.kind != "step_end" || !open.contains(event.step)) continue;
        close(std::move(open[event.step]));
        open.erase(event.step);
    }
    for (auto& [number, step] : open) close(std::move(step));
}

void add_events(Timeline& timeline, const plan::Record& record) {
    std::int64_t before_ns = 0;
    std::uint64_t before = 0;
    timeline.work.name = "work units per second";
    for (const auto& event : record.events) {
        if (event.kind == "op")
            timeline.events.push_back({event.at_ns, event.op, event.detail, event.step});
        else if (event.kind.starts_with("scheduler_"))
            timeline.events.push_back({event.at_ns, event.kind, event.detail, event.step});
        // Units are of the live workers: when some have ended there are fewer, and no rate.
        if (event.at_ns <= before_ns) continue;
        const double seconds = static_cast<double>(event.at_ns - before_ns) / 1e9;
        const bool fell = event.work_units < before;
        timeline.work.samples.push_back(
            {before_ns, fell ? Timeline::gap : static_cast<double>(event.work_units - before) / seconds});
        before_ns = event.at_ns;
        before = event.work_units;
    }
    if (!timeline.work.samples.empty()) timeline.work.samples.push_back({before_ns, Timeline::gap});
    sort_by_time(timeline.events);
}

// What a snapshot's variable says, if it is a number of the scheduler that runs. A stored record may hold anything.
std::optional<std::pair<std::string, double>> live_number(const nlohmann::json& variable) {
    if (!variable.is_object() || !variable.contains("name") || !variable["name"].is_string()) return std::nullopt;
    if (!variable.contains("live") || variable["live"] != true) return std::nullopt;
    if (!variable.contains("value") || !variable["value"].is_number()) return std::nullopt;
    return std::pair(variable["name"].get<std::string>(), variable["value"].get<double>());
}

void add_captures(Timeline& timeline, const plan::Record& record) {
    std::map<std::string, std::vector<Sample>> numbers;
    for (const auto& snapshot : record.snapshots) {
        timeline.captures.push_back({snapshot.at_ns, snapshot.name, snapshot.trigger, snapshot.stopped_ms,
                                     !snapshot.reason.empty(), snapshot.reason});
        if (!snapshot.state || !snapshot.state->contains("variables")) continue;
        for (const auto& variable : snapshot.state->at("variables"))
            if (const auto number = live_number(variable))
                numbers[number->first].push_back({snapshot.at_ns, number->second});
    }
    sort_by_time(timeline.captures);
    for (auto& [name, samples] : numbers) {
        sort_by_time(samples);
        timeline.scheduler.push_back({name, false, std::move(samples)});
    }
}

void add_monitor(Timeline& timeline, const plan::Monitor& monitor) {
    for (std::size_t i = 0; i < monitor.names.size(); ++i) {
        const auto* known = plan::find_monitor_value(monitor.names[i]);
        Timeline::Track track{monitor.names[i], known != nullptr && known->counts, {}};
        for (const auto& sample : monitor.samples)
            track.samples.push_back({sample.at_ns, i < sample.values.size() ? sample.values[i] : Timeline::gap});
        sort_by_time(track.samples);
        timeline.monitor.push_back(std::move(track));
    }
}

void set_ends(Timeline& timeline, const plan::Record& record) {
    const auto include = [&timeline](std::int64_t at_ns) {
        timeline.from_ns = std::min(timeline.from_ns, at_ns);
        timeline.to_ns = std::max(timeline.to_ns, at_ns);
    };
    const auto include_life = [&include](std::int64_t from_ns, std::uint64_t length_ns) {
        include(from_ns);
        include(from_ns + static_cast<std::int64_t>(std::min<std::uint64_t>(length_ns, INT64_MAX / 4)));
    };
    for (const auto& event : record.events) include(event.at_ns);
    for (const auto& worker : record.workers) include_life(worker.started_at_ns, worker.wall_ns);
    for (const auto& payload : record.payloads)
        if (payload.pid != 0) include_life(payload.started_at_ns, payload.wall_ns);
    for (const auto& capture : timeline.captures) include(capture.at_ns);
    for (const auto& sample : record.monitor.samples) include(sample.at_ns);
}

} // namespace

Timeline timeline_of(const plan::Record& record) {
    Timeline timeline;
    add_steps(timeline, record);
    add_events(timeline, record);
    add_captures(timeline, record);
    add_monitor(timeline, record.monitor);
    set_ends(timeline, record);
    return timeline;
}

std::vector<Sample> per_second(const std::vector<Sample>& samples) {
    std::vector<Sample> rates;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const bool last = i + 1 == samples.size();
        const double change = last ? Timeline::gap : samples[i + 1].value - samples[i].value;
        const double seconds = last ? 0 : static_cast<double>(samples[i + 1].at_ns - samples[i].at_ns) / 1e9;
        if (!last && seconds <= 0) continue;
        rates.push_back({samples[i].at_ns, change >= 0 ? change / seconds : Timeline::gap});
    }
    return rates;
}

} // namespace ktstr::report
