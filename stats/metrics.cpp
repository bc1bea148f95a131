// SPDX-License-Identifier: GPL-2.0-only
#include "stats/metrics.h"

#include <algorithm>
#include <numeric>

#include "interp/eval/units.h"

namespace ktstr::stats {

namespace {

constexpr auto higher = Polarity::higher;
constexpr auto lower = Polarity::lower;
constexpr auto neither = Polarity::none;

// The part of a definition's name before the first word in capitals, and that behind the last one.
struct Pattern {
    std::string_view before;
    std::string_view after;
    bool exact = true;
};

Pattern pattern_of(std::string_view name) {
    const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
    const auto first = std::find_if(name.begin(), name.end(), capital);
    if (first == name.end()) return {name, {}, true};
    const auto last = std::find_if(name.rbegin(), name.rend(), capital).base();
    return {{name.begin(), first}, {last, name.end()}, false};
}

bool falls_under(std::string_view name, std::string_view definition) {
    const Pattern pattern = pattern_of(definition);
    if (pattern.exact) return name == definition;
    return name.size() > pattern.before.size() + pattern.after.size() && name.starts_with(pattern.before) &&
           name.ends_with(pattern.after);
}

} // namespace

std::string_view to_string(Kind kind) {
    switch (kind) {
    case Kind::counter: return "counter";
    case Kind::gauge: return "gauge";
    case Kind::peak: return "peak";
    case Kind::rate: return "rate";
    case Kind::ratio: return "ratio";
    }
    return "";
}

std::string_view to_string(Polarity polarity) {
    return polarity == higher ? "higher" : polarity == lower ? "lower" : "neither";
}

// Times of phases and the executor's size say what the host and ktstr did: they are there to be looked at.
const std::vector<Definition>& definitions() {
    static const std::vector<Definition> all = {
        {"work_units_per_s", "work of all workers, per second in which one of them lived", "1/s", Kind::rate, higher, 1,
         0.1},
        {"iterations_per_s", "passes through the work loops, likewise", "1/s", Kind::rate, higher, 1, 0.1},
        {"worst_spread", "most less fewest units per second over their mean, of the worst group of like workers",
         "ratio", Kind::peak, lower, 0.1, 0.25},
        {"worst_gap_ms", "longest time that a worker was kept from its work", "ms", Kind::peak, lower, 20, 0.5},
        {"migrations", "changes of CPU that the workers saw", "", Kind::counter, neither, 0, 0},
        {"migrations_per_s", "the same per second", "1/s", Kind::rate, neither, 0, 0},
        {"run_delay_per_timeslice_ns", "time runnable and not running, per time put on a CPU (schedstat)", "ns",
         Kind::ratio, lower, 10'000, 0.2},
        {"off_cpu_ratio", "part of the workers' lives that they were not on a CPU", "ratio", Kind::ratio, lower, 0.05,
         0.1},
        {"timeslices_per_s", "times that a worker was put on a CPU, per second", "1/s", Kind::rate, neither, 0, 0},
        {"latency.NAME.p50_ns", "median of a latency that workers measure, as wake_latency", "ns", Kind::gauge, lower,
         2'000, 0.2},
        {"latency.NAME.p99_ns", "its 99th percentile", "ns", Kind::gauge, lower, 10'000, 0.25},
        {"latency.NAME.max_ns", "the longest one", "ns", Kind::peak, lower, 1'000'000, 0.5},
        {"monitor.imbalance.mean", "most over fewest runnable tasks of a CPU, mean of the run", "ratio", Kind::ratio,
         lower, 0.5, 0.25},
        {"monitor.local_dsq_depth.mean", "tasks in the longest local dispatch queue, mean of the run", "", Kind::gauge,
         lower, 1, 0.5},
        {"monitor.stuck_cpus.max", "most CPUs whose runqueue clock stood still", "", Kind::peak, lower, 1, 0.5},
        {"monitor.select_cpu_fallback.per_s", "choices of a CPU that could not be used", "1/s", Kind::rate, lower, 5,
         0.25},
        {"monitor.NAME.mean", "a value of the monitor (ktstr list monitor), mean of the run", "", Kind::gauge, neither,
         0, 0},
        {"monitor.NAME.max", "its largest", "", Kind::peak, neither, 0, 0},
        {"monitor.NAME.per_s", "of a value that counts: its change per second", "1/s", Kind::rate, neither, 0, 0},
        {"program.NAME.verified_insns", "instructions that the BPF verifier walked through", "", Kind::peak, lower, 100,
         0.1, true},
        {"callback.NAME.mean_ns", "mean time of a scheduler's callback, where the kernel counted", "ns", Kind::gauge,
         lower, 200, 0.2},
        {"callback.NAME.runs", "its calls", "", Kind::counter, neither, 0, 0},
        {"callback.NAME.time_ns", "time spent in it", "ns", Kind::counter, neither, 0, 0},
        {"boot_ms", "host time from the start to the guest's ready point", "ms", Kind::gauge, neither, 0, 0},
        {"stage_ms", "host time of preparing the guest", "ms", Kind::gauge, neither, 0, 0},
        {"attach_ms", "host time until the scheduler was attached", "ms", Kind::gauge, neither, 0, 0},
        {"teardown_ms", "host time from the end of the workload", "ms", Kind::gauge, neither, 0, 0},
        {"duration_ms", "host time of the whole run", "ms", Kind::gauge, neither, 0, 0},
        {"executor_resident_bytes", "peak resident set of the executor in the guest", "bytes", Kind::peak, neither, 0,
         0},
        {"kvm.NAME", "a statistic of KVM", "", Kind::counter, neither, 0, 0},
        {"payload.NAME.METRIC", "a payload's metric, with the unit and the better way that the payload declares", "",
         Kind::gauge, neither, 0, 0.1},
    };
    return all;
}

const Definition& definition_of(std::string_view name) {
    for (const auto& definition : definitions())
        if (falls_under(name, definition.name)) return definition;
    return definitions().back();
}

double aggregate(Kind kind, std::span<const double> values) {
    if (kind == Kind::peak) return *std::max_element(values.begin(), values.end());
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    return kind == Kind::counter ? sum : sum / static_cast<double>(values.size());
}

std::string human_value(double value, std::string_view unit) {
    if (unit == "ns") return eval::human_duration(value);
    if (unit == "us") return eval::human_duration(value * 1e3);
    if (unit == "ms") return eval::human_duration(value * 1e6);
    if (unit == "s") return eval::human_duration(value * 1e9);
    if (unit == "1/s") return eval::human_rate(value);
    if (unit == "ratio") return eval::human_ratio(value);
    std::string text = eval::human_count(value);
    if (!unit.empty()) text.append(" ").append(unit);
    return text;
}

std::uint32_t MetricTable::add(std::string_view name) {
    if (const auto found = ids_.find(name); found != ids_.end()) return found->second;
    const Definition& definition = definition_of(name);
    return add(name, definition.unit, definition.better);
}

std::uint32_t MetricTable::add(std::string_view name, std::string_view unit, Polarity better) {
    if (const auto found = ids_.find(name); found != ids_.end()) return found->second;
    const auto id = static_cast<std::uint32_t>(metrics_.size());
    metrics_.push_back({std::string(name), std::string(unit), better, &definition_of(name)});
    ids_.emplace(metrics_.back().name, id);
    return id;
}

} // namespace ktstr::stats
