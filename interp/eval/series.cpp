// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/series.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "interp/eval/observed.h"
#include "interp/plan/monitor.h"

namespace ktstr::eval {

namespace {

int phase_of(int step) { return step < 0 ? 0 : step + 1; }

// Indices of samples in the order of their times.
template <typename Sample> std::vector<std::size_t> by_time(const std::vector<Sample>& samples) {
    std::vector<std::size_t> order(samples.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return samples[a].at_ns < samples[b].at_ns; });
    return order;
}

class Builder {
  public:
    explicit Builder(std::string_view name) : timeline_(std::make_shared<Timeline>()) { series_.name = name; }

    void add(std::int64_t at_ns, int step, std::string tag, const Result<double>& value) {
        if (!value) series_.reasons[series_.slots.size()] = value.error().message;
        timeline_->at_ns.push_back(at_ns);
        timeline_->phase.push_back(phase_of(step));
        timeline_->tags.push_back(std::move(tag));
        series_.values.push_back(value ? *value : nan);
        series_.slots.push_back(value ? Slot::value : Slot::missing);
        found_ = found_ || value.ok();
    }
    // `none`: why there is nothing, if there are no samples.
    Series finish(const std::string& none) {
        series_.timeline = std::move(timeline_);
        if (series_.slots.empty())
            series_.absent = none;
        else if (!found_)
            series_.absent = series_.reasons.begin()->second;
        return std::move(series_);
    }

  private:
    Series series_;
    std::shared_ptr<Timeline> timeline_;
    bool found_ = false;
};

// `read` gives the value in the snapshot of an index, which has a state.
template <typename Read> Series of_snapshots(const plan::Record& record, std::string_view name, const Read& read) {
    Builder builder(name);
    for (const std::size_t i : by_time(record.snapshots)) {
        const auto& snapshot = record.snapshots[i];
        if (snapshot.state)
            builder.add(snapshot.at_ns, snapshot.step, snapshot.name, read(i));
        else
            builder.add(snapshot.at_ns, snapshot.step, snapshot.name,
                        Error{"the snapshot could not be taken: " + snapshot.reason});
    }
    return builder.finish("no snapshot was taken");
}

std::string monitor_tag(std::size_t index) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "monitor_%03zu", index);
    return text.data();
}

// Why there is no value of a callback at all.
std::string no_program(const plan::BpfPrograms& programs, std::string_view path) {
    const auto field = path.substr(path.rfind('.') + 1);
    if (!programs.reason.empty()) return programs.reason;
    if (const auto absent = programs.absent.find(std::string(field)); absent != programs.absent.end())
        return absent->second;
    std::string seen;
    for (const auto& program : programs.list)
        if (!program.callback.empty()) seen += (seen.empty() ? "" : ", ") + program.callback;
    return "no scheduler of the run has this callback (seen: " + (seen.empty() ? "none" : seen) + ")";
}

std::string no_monitor_value(const plan::Record& record, const std::string& path) {
    const plan::Monitor& monitor = record.monitor;
    const auto of_cpu = plan::cpu_value_name(path);
    const auto known = monitor.absent.find(of_cpu ? "cpu[N]." + std::string(of_cpu->value) : path);
    if (known != monitor.absent.end()) return known->second;
    if (path.starts_with("program.")) return no_program(record.programs, path);
    if (monitor.names.empty()) return "the monitor took no sample";
    if (of_cpu) return "the machine has no CPU " + std::to_string(of_cpu->cpu);
    return "the monitor has no such value";
}

Series of_monitor(const plan::Record& record, std::string_view name, const std::string& path) {
    Builder builder(name);
    const plan::Monitor& monitor = record.monitor;
    const auto column = std::find(monitor.names.begin(), monitor.names.end(), path);
    if (column == monitor.names.end())
        return builder.finish(monitor.reason.empty() ? no_monitor_value(record, path) : monitor.reason);
    const auto at = static_cast<std::size_t>(column - monitor.names.begin());
    std::size_t number = 0;
    for (const std::size_t i : by_time(monitor.samples)) {
        const auto& sample = monitor.samples[i];
        Result<double> value = Error{"it was not there yet"};
        if (at < sample.values.size()) value = sample.values[at];
        if (value && std::isnan(*value)) value = Error{"it could not be read this time"};
        builder.add(sample.at_ns, sample.step, monitor_tag(number++), value);
    }
    return builder.finish(monitor.reason.empty() ? "the monitor took no sample" : monitor.reason);
}

using Indices = std::vector<std::optional<Variables>>;

Result<Series> made(const plan::Record& record, std::string_view name, Indices& indices) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    const auto source = name.substr(0, dot);
    const auto path = dot < name.size() ? name.substr(dot + 1) : std::string_view();
    const auto state = [&record](std::size_t i) -> const nlohmann::json& { return *record.snapshots[i].state; };
    if (!path.empty()) {
        if (source == "bpf")
            return of_snapshots(record, name, [&](std::size_t i) {
                if (!indices[i]) indices[i].emplace(state(i));
                return indices[i]->at(path);
            });
        if (source == "stats")
            return of_snapshots(record, name, [&](std::size_t i) { return stats_at(state(i), path); });
        if (source == "host")
            return of_snapshots(record, name, [&](std::size_t i) { return cpu_time_at(state(i), path); });
        if (source == "monitor") return of_monitor(record, name, std::string(path));
    }
    return Error{"no series '" + std::string(name.substr(0, 100)) +
                 "' (there are bpf.NAME, stats.NAME, host.NAME and monitor.NAME)"};
}

} // namespace

Term Series::term() const {
    if (slots.empty()) return undefined_term();
    if (absent.empty()) return {timeline, values, slots};
    return {timeline, values, std::vector<Slot>(slots.size(), Slot::undefined)};
}

Result<Series> project(const plan::Record& record, std::string_view name) {
    Indices indices(record.snapshots.size());
    return made(record, name, indices);
}

RunSeries::RunSeries(const plan::Record& record) : record_(record), variables_(record.snapshots.size()) {}

const Series& RunSeries::get(const std::string& name) {
    const auto found = made_.find(name);
    if (found != made_.end()) return found->second;
    auto projected = made(record_, name, variables_);
    Series series;
    if (projected)
        series = std::move(*projected);
    else
        series.absent = projected.error().message;
    return made_.emplace(name, std::move(series)).first->second;
}

nlohmann::json to_json(const Series& series) {
    constexpr double exact = 9007199254740992; // integers up to here are the same as doubles
    auto samples = nlohmann::json::array();
    for (std::size_t i = 0; i < series.size(); ++i) {
        const auto& timeline = *series.timeline;
        nlohmann::json sample = {{"tag", timeline.tags[i]}, {"at_ns", timeline.at_ns[i]}, {"phase", timeline.phase[i]}};
        const double value = series.values[i];
        if (series.slots[i] == Slot::missing)
            sample["gap"] = series.reasons.at(i);
        else if (std::trunc(value) == value && std::fabs(value) <= exact)
            sample["value"] = static_cast<std::int64_t>(value);
        else
            sample["value"] = value;
        samples.push_back(std::move(sample));
    }
    return {{"name", series.name}, {"samples", std::move(samples)}};
}

} // namespace ktstr::eval
