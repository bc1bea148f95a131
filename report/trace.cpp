// SPDX-License-Identifier: GPL-2.0-only
#include "report/trace.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "report/stored.h"
#include "report/timeline.h"

namespace ktstr::report {

using nlohmann::json;

namespace {

// Processes and threads of the trace: they order its tracks.
constexpr int run_track = 1;
constexpr int workers_track = 2;
constexpr int payloads_track = 3;
constexpr int monitor_track = 4;
constexpr int scheduler_track = 5;
constexpr int steps_row = 1;
constexpr int ops_row = 2;
constexpr int snapshots_row = 3;

double microseconds(std::int64_t ns) { return static_cast<double>(ns) / 1000; }
double microseconds(std::uint64_t ns) { return static_cast<double>(ns) / 1000; }

class Tracer {
  public:
    explicit Tracer(const StoredRun& run)
        : sidecar_(run.sidecar), record_(run.record), timeline_(timeline_of(run.record)) {}

    json trace() {
        name_tracks();
        steps();
        events();
        workers();
        payloads();
        snapshots();
        counters(monitor_track, timeline_.monitor);
        counters(scheduler_track, timeline_.scheduler);
        return {{"traceEvents", std::move(events_)},
                {"displayTimeUnit", "ms"},
                {"otherData",
                 {{"scenario", sidecar_.at("test_name")},
                  {"kernel", sidecar_.value("kernel_version", json())},
                  {"scheduler", sidecar_.at("scheduler")},
                  {"topology", sidecar_.at("topology")},
                  {"seed", sidecar_.value("seed", json())}}}};
    }

  private:
    void name(int process, const std::string& text) {
        events_.push_back({{"ph", "M"}, {"name", "process_name"}, {"pid", process}, {"args", {{"name", text}}}});
        events_.push_back(
            {{"ph", "M"}, {"name", "process_sort_index"}, {"pid", process}, {"args", {{"sort_index", process}}}});
    }
    void name_row(int process, int row, const std::string& text) {
        events_.push_back(
            {{"ph", "M"}, {"name", "thread_name"}, {"pid", process}, {"tid", row}, {"args", {{"name", text}}}});
    }
    void span(int process, int row, const std::string& text, double from_us, double length_us, json arguments) {
        events_.push_back({{"ph", "X"},
                           {"pid", process},
                           {"tid", row},
                           {"name", text},
                           {"ts", from_us},
                           {"dur", std::max(0.0, length_us)},
                           {"args", std::move(arguments)}});
    }
    void instant(int row, const std::string& text, double at_us, json arguments) {
        events_.push_back({{"ph", "i"},
                           {"s", "p"},
                           {"pid", run_track},
                           {"tid", row},
                           {"name", text},
                           {"ts", at_us},
                           {"args", std::move(arguments)}});
    }
    void counter(int process, const std::string& text, double at_us, double value) {
        events_.push_back({{"ph", "C"}, {"pid", process}, {"name", text}, {"ts", at_us}, {"args", {{"value", value}}}});
    }

    void name_tracks() {
        name(run_track, "run: " + sidecar_.at("test_name").get<std::string>());
        name_row(run_track, steps_row, "steps");
        name_row(run_track, ops_row, "ops");
        name_row(run_track, snapshots_row, "snapshots (vCPUs stopped)");
        name(workers_track, "workers");
        name(payloads_track, "payloads");
        name(monitor_track, "monitor");
        name(scheduler_track, "scheduler's own numbers");
    }

    void steps() {
        for (const auto& step : timeline_.steps)
            span(run_track, steps_row, step.name, microseconds(step.from_ns), microseconds(step.to_ns - step.from_ns),
                 {{"step", step.step}});
    }

    void events() {
        for (const auto& event : timeline_.events)
            instant(ops_row, event.name, microseconds(event.at_ns), {{"detail", event.detail}});
        counters(run_track, {timeline_.work});
    }

    void workers() {
        for (const auto& worker : record_.workers) {
            const int row = worker.worker + 1;
            name_row(workers_track, row,
                     (worker.cgroup.empty() ? "host" : worker.cgroup) + " " + worker.work + " " +
                         std::to_string(worker.worker));
            span(workers_track, row, worker.work_type, microseconds(worker.started_at_ns), microseconds(worker.wall_ns),
                 {{"work_units", worker.work_units},
                  {"cpu_ns", worker.cpu_ns},
                  {"run_delay_ns", worker.run_delay_ns},
                  {"migrations", worker.migrations},
                  {"cpus", worker.cpus.list()},
                  {"exit", worker.exit}});
            const double gap_us = microseconds(worker.longest_gap_ns);
            if (gap_us > 0)
                span(workers_track, row, "longest gap", microseconds(worker.longest_gap_at_ns) - gap_us, gap_us,
                     {{"cpu", worker.longest_gap_cpu}});
        }
    }

    void payloads() {
        int row = 0;
        for (const auto& payload : record_.payloads) {
            name_row(payloads_track, ++row, payload.name);
            span(payloads_track, row, payload.name, microseconds(payload.started_at_ns), microseconds(payload.wall_ns),
                 {{"exit", payload.exit}, {"error", payload.error}});
        }
    }

    void snapshots() {
        for (const auto& capture : timeline_.captures)
            span(run_track, snapshots_row, capture.name, microseconds(capture.at_ns), capture.stopped_ms * 1000,
                 {{"trigger", capture.trigger}, {"reason", capture.placeholder ? json(capture.reason) : json()}});
    }

    void counters(int process, const std::vector<Timeline::Track>& tracks) {
        for (const auto& track : tracks)
            for (const auto& sample : track.samples)
                if (std::isfinite(sample.value)) counter(process, track.name, microseconds(sample.at_ns), sample.value);
    }

    const json& sidecar_;
    const plan::Record& record_;
    Timeline timeline_;
    json events_ = json::array();
};

} // namespace

Result<json> trace_of(const json& sidecar, const json& observed) {
    const auto run = stored_run(sidecar, observed);
    if (!run) return run.error();
    return Tracer(*run).trace();
}

Result<json> trace_of_file(const std::filesystem::path& record) {
    const auto stored = read_stored(record);
    if (!stored) return stored.error();
    if (!stored->incomplete.empty()) return Error{record.string() + ": " + stored->incomplete};
    return Tracer(stored->run).trace();
}

} // namespace ktstr::report
