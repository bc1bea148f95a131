// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/record.h"

#include <array>
#include <csignal>
#include <cstring>

#include "interp/plan/fields.h"

namespace ktstr::plan {

using nlohmann::json;

namespace {

// In the order of RunEnd.
constexpr std::array<std::string_view, 11> end_names = {
    "completed",        "scheduler_not_found", "kernel_unusable", "scheduler_attach_failed",
    "scheduler_exited", "executor_failed",     "kernel_panicked", "guest_hung",
    "vm_died",          "interrupted",         "host_failed"};

constexpr std::size_t bounded_text = 1024; // bytes that are kept of a text that was too long

// An estimate that is never too low: what is not listed takes less than 4 KiB.
std::size_t most_bytes(const WorkerReport& report) {
    constexpr std::size_t integer_bytes = 9;
    std::size_t bytes = 4096 + 2 * report.numa_pages.size() * 3 * integer_bytes + report.cpus.list().size();
    for (const auto& latency : report.latencies)
        bytes += 256 + latency.name.size() + latency.kept_ns.size() * integer_bytes;
    for (const auto* text : {&report.cgroup, &report.work, &report.work_type, &report.exit}) bytes += text->size();
    return bytes;
}

// Every second one of what is sorted is as good a sample as all.
bool thin_out(WorkerReport& report) {
    bool thinned = false;
    for (auto& latency : report.latencies) {
        const std::size_t kept = latency.kept_ns.size() / 2;
        if (latency.kept_ns.empty()) continue;
        for (std::size_t i = 0; i < kept; ++i) latency.kept_ns[i] = latency.kept_ns[2 * i + 1];
        latency.kept_ns.resize(kept);
        latency.dropped = latency.seen - kept;
        thinned = true;
    }
    return thinned;
}

bool cut_short(std::string& text) {
    if (text.size() <= bounded_text) return false;
    std::size_t end = bounded_text;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end; // whole characters of UTF-8
    text.resize(end);
    return true;
}

template <typename T> json array_json(const std::vector<T>& items) {
    json result = json::array();
    for (const auto& item : items) result.push_back(to_json(item));
    return result;
}

} // namespace

double WorkerReport::off_cpu_ratio() const {
    if (wall_ns == 0 || cpu_ns >= wall_ns) return 0;
    return 1.0 - static_cast<double>(cpu_ns) / static_cast<double>(wall_ns);
}

WorkerReport bounded(WorkerReport report) {
    const auto fits = [&report] {
        return most_bytes(report) <= max_worker_report_bytes ||
               json::to_cbor(to_json(report)).size() <= max_worker_report_bytes;
    };
    if (fits()) return report;
    bool cut = false;
    for (auto* text : {&report.cgroup, &report.work, &report.work_type, &report.exit}) cut = cut_short(*text) || cut;
    bool thinned = false;
    while (!fits() && thin_out(report)) thinned = true;
    const char* what = cut && thinned ? "the ends of long texts and samples of its latencies"
                       : cut          ? "the ends of long texts"
                                      : "samples of its latencies";
    report.truncated = std::string(what) + " were left out: a report has 64 KiB at most";
    return report;
}

std::string SchedulerExit::text() const {
    std::string how;
    if (signal != 0) {
        const char* name = ::sigdescr_np(signal);
        how = "ended by signal " + std::to_string(signal) + " (" + (name != nullptr ? name : "unknown") + ")";
    } else if (exit_code >= 0) {
        how = "exited with code " + std::to_string(exit_code);
    } else {
        how = "was disabled by the kernel";
    }
    return kernel_reason.empty() ? how : how + ": " + kernel_reason;
}

std::string_view to_string(RunEnd end) { return end_names.at(static_cast<std::size_t>(end)); }

std::optional<RunEnd> run_end_from_string(std::string_view name) {
    for (std::size_t i = 0; i < end_names.size(); ++i)
        if (end_names.at(i) == name) return static_cast<RunEnd>(i);
    return std::nullopt;
}

std::string_view Record::clock() const {
    if (accelerator == "tcg") return "emulated";
    if (accelerator == "kvm") return "virtual";
    return accelerator == "host" ? "native" : "";
}

json to_json(const Latency& latency) {
    return {{"name", latency.name},      {"seen", latency.seen},       {"dropped", latency.dropped},
            {"min_ns", latency.min_ns},  {"p50_ns", latency.p50_ns},   {"p90_ns", latency.p90_ns},
            {"p99_ns", latency.p99_ns},  {"p999_ns", latency.p999_ns}, {"max_ns", latency.max_ns},
            {"kept_ns", latency.kept_ns}};
}

json to_json(const NodePages& pages) { return {{"node", pages.node}, {"pages", pages.pages}}; }

json to_json(const WorkerReport& report) {
    return {{"worker", report.worker},
            {"pid", report.pid},
            {"tid", report.tid},
            {"cgroup", report.cgroup},
            {"work", report.work},
            {"work_type", report.work_type},
            {"step", report.step},
            {"work_units", report.work_units},
            {"iterations", report.iterations},
            {"started_at_ns", report.started_at_ns},
            {"wall_ns", report.wall_ns},
            {"cpu_ns", report.cpu_ns},
            {"off_cpu_ratio", report.off_cpu_ratio()},
            {"migrations", report.migrations},
            {"cpus", report.cpus.list()},
            {"longest_gap_ns", report.longest_gap_ns},
            {"longest_gap_cpu", report.longest_gap_cpu},
            {"longest_gap_at_ns", report.longest_gap_at_ns},
            {"run_delay_ns", report.run_delay_ns},
            {"timeslices", report.timeslices},
            {"isolation_violations", report.isolation_violations},
            {"isolation_cpu", report.isolation_cpu},
            {"numa_pages", array_json(report.numa_pages)},
            {"latencies", array_json(report.latencies)},
            {"truncated", report.truncated},
            {"exit", report.exit}};
}

json to_json(const PayloadReport& report) {
    return {{"name", report.name},
            {"cgroup", report.cgroup},
            {"step", report.step},
            {"source", to_json(report.source)},
            {"pid", report.pid},
            {"started_at_ns", report.started_at_ns},
            {"wall_ns", report.wall_ns},
            {"cpu_ns", report.cpu_ns},
            {"exit", report.exit},
            {"exit_code", report.exit_code},
            {"signal", report.signal},
            {"ended_by", report.ended_by},
            {"left_processes", report.left_processes},
            {"error", report.error},
            {"stdout", report.out.text},
            {"stdout_dropped_bytes", report.out.dropped_bytes},
            {"stderr", report.err.text},
            {"stderr_dropped_bytes", report.err.dropped_bytes}};
}

json to_json(const CgroupProcs& procs) {
    return {{"tag", procs.tag},
            {"cgroup", procs.cgroup},
            {"step", procs.step},
            {"at_ns", procs.at_ns},
            {"pids", procs.pids}};
}

json to_json(const CtprofCapture& capture) {
    return {{"name", capture.name},
            {"step", capture.step},
            {"at_ns", capture.at_ns},
            {"capture", json::parse(capture.document, nullptr, false)}};
}

json to_json(const StimulusEvent& event) {
    return {{"at_ns", event.at_ns},          {"kind", event.kind}, {"step", event.step},
            {"step_name", event.step_name},  {"op", event.op},     {"detail", event.detail},
            {"work_units", event.work_units}};
}

json to_json(const SchedulerExit& exit) {
    return {{"scheduler", exit.scheduler}, {"attached", exit.attached}, {"requested", exit.requested},
            {"exit_code", exit.exit_code}, {"signal", exit.signal},     {"kernel_reason", exit.kernel_reason},
            {"at_ns", exit.at_ns}};
}

json to_json(const PhaseTime& phase) { return {{"phase", phase.phase}, {"host_ms", phase.host_ms}}; }

json to_json(const Repro& repro) {
    return {{"attempted", repro.attempted},
            {"same_failure", repro.same_failure},
            {"valid", repro.valid},
            {"reason", repro.reason}};
}

json to_json(const Record& record) {
    return {{"end", to_string(record.end)},
            {"message", record.message},
            {"hint", record.hint},
            {"kernel_release", record.kernel_release},
            {"accelerator", record.accelerator},
            {"clock", record.clock()},
            {"executor_version", record.executor_version},
            {"restored", record.restored},
            {"seed", record.seed},
            {"phases", array_json(record.phases)},
            {"duration_ms", record.duration_ms},
            {"workload_ns", record.workload_ns},
            {"executor_resident_bytes", record.executor_resident_bytes},
            {"events", array_json(record.events)},
            {"workers", array_json(record.workers)},
            {"payloads", array_json(record.payloads)},
            {"extractions", array_json(record.extractions)},
            {"cgroup_procs", array_json(record.cgroup_procs)},
            {"ctprof", array_json(record.ctprof)},
            {"scheduler_exits", array_json(record.scheduler_exits)},
            {"snapshots", array_json(record.snapshots)},
            {"watches", array_json(record.watches)},
            {"kernel_reads", array_json(record.kernel_reads)},
            {"monitor", to_json(record.monitor)},
            {"programs", to_json(record.programs)},
            {"repro", to_json(record.repro)},
            {"scheduler_log", record.scheduler_log},
            {"console", record.console}};
}

static Result<Latency> read_latency(const json& value, const std::string& where) {
    Latency latency;
    Fields fields(value, where);
    fields.text("name", latency.name);
    fields.integer("seen", latency.seen);
    fields.integer("dropped", latency.dropped);
    fields.integer("min_ns", latency.min_ns);
    fields.integer("p50_ns", latency.p50_ns);
    fields.integer("p90_ns", latency.p90_ns);
    fields.integer("p99_ns", latency.p99_ns);
    fields.integer("p999_ns", latency.p999_ns);
    fields.integer("max_ns", latency.max_ns);
    fields.integers("kept_ns", latency.kept_ns);
    if (latency.dropped > latency.seen || latency.seen - latency.dropped != latency.kept_ns.size())
        fields.fail_field("kept_ns", "does not have as many values as were seen and not dropped");
    return fields.finish(std::move(latency));
}

static Result<NodePages> read_node_pages(const json& value, const std::string& where) {
    NodePages pages;
    Fields fields(value, where);
    fields.integer("node", pages.node);
    fields.integer("pages", pages.pages);
    return fields.finish(pages);
}

Result<WorkerReport> worker_report_from_json(const json& value) {
    WorkerReport report;
    Fields fields(value, "worker_report");
    fields.integer("worker", report.worker);
    fields.integer("pid", report.pid);
    fields.integer("tid", report.tid);
    fields.text("cgroup", report.cgroup);
    fields.text("work", report.work);
    fields.text("work_type", report.work_type);
    fields.integer("step", report.step);
    fields.integer("work_units", report.work_units);
    fields.integer("iterations", report.iterations);
    fields.integer("started_at_ns", report.started_at_ns);
    fields.integer("wall_ns", report.wall_ns);
    fields.integer("cpu_ns", report.cpu_ns);
    fields.integer("migrations", report.migrations);
    fields.cpu_set("cpus", report.cpus);
    fields.integer("longest_gap_ns", report.longest_gap_ns);
    fields.integer("longest_gap_cpu", report.longest_gap_cpu);
    fields.integer("longest_gap_at_ns", report.longest_gap_at_ns);
    fields.integer("run_delay_ns", report.run_delay_ns);
    fields.integer("timeslices", report.timeslices);
    fields.integer("isolation_violations", report.isolation_violations);
    fields.integer("isolation_cpu", report.isolation_cpu);
    fields.array("numa_pages", report.numa_pages, read_node_pages);
    fields.array("latencies", report.latencies, read_latency);
    fields.text("truncated", report.truncated);
    fields.text("exit", report.exit);
    return fields.finish(std::move(report));
}

Result<PayloadReport> payload_report_from_json(const json& value) {
    PayloadReport report;
    Fields fields(value, "payload_report");
    fields.text("name", report.name);
    fields.text("cgroup", report.cgroup);
    fields.integer("step", report.step);
    fields.nested("source", report.source, [](const json& source, const std::string& where) {
        SourcePosition position;
        Fields inner(source, where);
        inner.text("file", position.file);
        inner.integer("line", position.line);
        inner.integer("column", position.column);
        return inner.finish(std::move(position));
    });
    fields.integer("pid", report.pid);
    fields.integer("started_at_ns", report.started_at_ns);
    fields.integer("wall_ns", report.wall_ns);
    fields.integer("cpu_ns", report.cpu_ns);
    fields.text("exit", report.exit);
    fields.integer("exit_code", report.exit_code);
    fields.integer("signal", report.signal);
    fields.text("ended_by", report.ended_by);
    fields.integer("left_processes", report.left_processes);
    fields.text("error", report.error);
    fields.text("stdout", report.out.text);
    fields.integer("stdout_dropped_bytes", report.out.dropped_bytes);
    fields.text("stderr", report.err.text);
    fields.integer("stderr_dropped_bytes", report.err.dropped_bytes);
    return fields.finish(std::move(report));
}

Result<CgroupProcs> cgroup_procs_from_json(const json& value) {
    CgroupProcs procs;
    Fields fields(value, "cgroup_procs");
    fields.text("tag", procs.tag);
    fields.text("cgroup", procs.cgroup);
    fields.integer("step", procs.step);
    fields.integer("at_ns", procs.at_ns);
    fields.integers("pids", procs.pids);
    return fields.finish(std::move(procs));
}

Result<StimulusEvent> stimulus_event_from_json(const json& value) {
    StimulusEvent event;
    Fields fields(value, "event");
    fields.integer("at_ns", event.at_ns);
    fields.text("kind", event.kind);
    fields.integer("step", event.step);
    fields.text("step_name", event.step_name);
    fields.text("op", event.op);
    fields.text("detail", event.detail);
    fields.integer("work_units", event.work_units);
    return fields.finish(std::move(event));
}

Result<SchedulerExit> scheduler_exit_from_json(const json& value) {
    SchedulerExit exit;
    Fields fields(value, "scheduler_exit");
    fields.text("scheduler", exit.scheduler);
    fields.boolean("attached", exit.attached);
    fields.boolean("requested", exit.requested);
    fields.integer("exit_code", exit.exit_code);
    fields.integer("signal", exit.signal);
    fields.text("kernel_reason", exit.kernel_reason);
    fields.integer("at_ns", exit.at_ns);
    return fields.finish(std::move(exit));
}

} // namespace ktstr::plan
