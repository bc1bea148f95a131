// SPDX-License-Identifier: GPL-2.0-only
#include "report/trace.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "report/observed.h"
#include "report/sidecar.h"

namespace ktstr::report {

using nlohmann::json;

namespace {

constexpr std::size_t file_limit = std::size_t{1} << 30U;

// Processes and threads of the trace: they order its tracks.
constexpr int run_track = 1;
constexpr int workers_track = 2;
constexpr int payloads_track = 3;
constexpr int monitor_track = 4;
constexpr int scheduler_track = 5;
constexpr int steps_row = 1;
constexpr int ops_row = 2;
constexpr int snapshots_row = 3;

double microseconds(const json& ns) { return ns.get<double>() / 1000; }

class Tracer {
  public:
    Tracer(const json& sidecar, const json& observed) : sidecar_(sidecar), observed_(observed) {}

    json trace() {
        name_tracks();
        steps();
        events();
        workers();
        payloads();
        snapshots();
        monitor();
        return {{"traceEvents", std::move(events_)},
                {"displayTimeUnit", "ms"},
                {"otherData",
                 {{"scenario", sidecar_.at("test_name")},
                  {"kernel", sidecar_.at("kernel_version")},
                  {"scheduler", sidecar_.at("scheduler")},
                  {"topology", sidecar_.at("topology")},
                  {"seed", sidecar_.at("seed")}}}};
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
    void counter(int process, const std::string& text, double at_us, const json& value) {
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

    // A step that has no end in the record was the last one.
    void steps() {
        std::map<int, json> open;
        double last_us = 0;
        for (const auto& event : sidecar_.at("stimulus_events")) {
            const int step = event.at("step").get<int>();
            last_us = std::max(last_us, microseconds(event.at("at_ns")));
            if (event.at("kind") == "step_start") open[step] = event;
            if (event.at("kind") != "step_end" || !open.contains(step)) continue;
            close(open[step], last_us);
            open.erase(step);
        }
        for (const auto& [step, event] : open) close(event, last_us);
    }
    void close(const json& start, double end_us) {
        const double from_us = microseconds(start.at("at_ns"));
        span(run_track, steps_row, start.at("step_name"), from_us, end_us - from_us, {{"step", start.at("step")}});
    }

    void events() {
        double before_us = 0;
        double units_before = 0;
        for (const auto& event : sidecar_.at("stimulus_events")) {
            const double at_us = microseconds(event.at("at_ns"));
            const auto units = event.at("work_units").get<double>();
            // Units are of the live workers: when some have ended there are fewer, and no rate.
            if (at_us > before_us && units >= units_before)
                counter(run_track, "work units per second", before_us,
                        (units - units_before) / (at_us - before_us) * 1e6);
            before_us = at_us;
            units_before = units;
            const auto kind = event.at("kind").get<std::string>();
            if (kind == "op")
                instant(ops_row, event.at("op"), at_us, {{"detail", event.at("detail")}});
            else if (kind.starts_with("scheduler_"))
                instant(ops_row, kind, at_us, {{"detail", event.at("detail")}});
        }
    }

    void workers() {
        for (const auto& worker : sidecar_.at("workers")) {
            const int row = worker.at("worker").get<int>() + 1;
            const auto cgroup = worker.at("cgroup").get<std::string>();
            name_row(workers_track, row,
                     (cgroup.empty() ? "host" : cgroup) + " " + worker.at("work").get<std::string>() + " " +
                         std::to_string(row - 1));
            span(workers_track, row, worker.at("work_type"), microseconds(worker.at("started_at_ns")),
                 microseconds(worker.at("wall_ns")),
                 {{"work_units", worker.at("work_units")},
                  {"cpu_ns", worker.at("cpu_ns")},
                  {"run_delay_ns", worker.at("run_delay_ns")},
                  {"migrations", worker.at("migrations")},
                  {"cpus", worker.at("cpus")},
                  {"exit", worker.at("exit")}});
            const double gap_us = microseconds(worker.at("longest_gap_ns"));
            if (gap_us > 0)
                span(workers_track, row, "longest gap", microseconds(worker.at("longest_gap_at_ns")) - gap_us, gap_us,
                     {{"cpu", worker.at("longest_gap_cpu")}});
        }
    }

    void payloads() {
        int row = 0;
        for (const auto& payload : sidecar_.at("payloads")) {
            name_row(payloads_track, ++row, payload.at("name"));
            span(payloads_track, row, payload.at("name"), microseconds(payload.at("started_at_ns")),
                 microseconds(payload.at("wall_ns")), {{"exit", payload.at("exit")}, {"error", payload.at("error")}});
        }
    }

    void snapshots() {
        if (!observed_.is_object()) return;
        for (const auto& snapshot : observed_.at("snapshots")) {
            const double at_us = microseconds(snapshot.at("at_ns"));
            const bool empty = snapshot.at("placeholder").get<bool>();
            span(run_track, snapshots_row, snapshot.at("name"), at_us, snapshot.at("stopped_ms").get<double>() * 1000,
                 {{"trigger", snapshot.at("trigger")}, {"reason", empty ? snapshot.at("reason") : json()}});
            if (empty) continue;
            for (const auto& variable : snapshot.at("variables"))
                if (variable.at("live") == true && variable.at("value").is_number())
                    counter(scheduler_track, variable.at("name"), at_us, variable.at("value"));
        }
    }

    void monitor() {
        if (!observed_.is_object()) return;
        const json& monitor = observed_.at("monitor");
        const json& names = monitor.at("names");
        for (const auto& sample : monitor.at("samples"))
            for (std::size_t i = 0; i < names.size(); ++i)
                if (const json& value = sample.at("values").at(i); value.is_number())
                    counter(monitor_track, names[i], microseconds(sample.at("at_ns")), value);
    }

    const json& sidecar_;
    const json& observed_;
    json events_ = json::array();
};

Result<json> read_json(const std::filesystem::path& path) {
    const auto content = read_file(path, file_limit);
    if (!content) return content.error();
    json value = json::parse(*content, nullptr, false);
    if (!value.is_object()) return Error{path.string() + " is not a record: it is not a JSON object"};
    return value;
}

} // namespace

Result<json> trace_of(const json& sidecar, const json& observed) {
    if (!sidecar.is_object() || !sidecar.contains("sidecar_version"))
        return Error{"this is no record of a run", "a record is a file *.ktstr.json that `ktstr run` has written"};
    if (sidecar["sidecar_version"] != sidecar_version)
        return Error{"the record has the version " + sidecar["sidecar_version"].dump() +
                     ", and this ktstr reads version " + std::to_string(sidecar_version)};
    try {
        return Tracer(sidecar, observed).trace();
    } catch (const json::exception& wrong) {
        return Error{std::string("the record is damaged: ") + wrong.what()};
    }
}

Result<json> trace_of_file(const std::filesystem::path& record) {
    const auto sidecar = read_json(record);
    if (!sidecar) return sidecar.error();
    json observed;
    const auto name = sidecar->find("observed_file");
    if (name != sidecar->end() && name->is_string()) {
        const std::filesystem::path file = name->get<std::string>();
        if (file != file.filename()) return Error{record.string() + " is damaged: its observed file is not beside it"};
        auto read = read_observed(record.parent_path() / file);
        if (!read) return Error{read.error().message, "the record names it: it has to lie beside it"};
        observed = std::move(*read);
    }
    auto trace = trace_of(*sidecar, observed);
    if (!trace) return Error{record.string() + ": " + trace.error().message, trace.error().hint};
    return trace;
}

} // namespace ktstr::report
