// SPDX-License-Identifier: GPL-2.0-only
#include "report/sidecar.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <map>
#include <optional>

#include "ctprof/host/file.h"
#include "interp/eval/payloads.h"
#include "report/observed.h"
#include "report/variant.h"
#include "runs/names.h"

namespace ktstr::report {

namespace {

using nlohmann::json;

// NAME_MAX is 255, of which "-{16 hex}.{capture}~N.ctprof.zst" takes some 60.
constexpr std::size_t longest_name = 160;
constexpr std::size_t longest_capture_name = 24; // the rest is for its number and its suffix

std::string hex(unsigned long long value, int digits) {
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "%0*llx", digits, value);
    return text.data();
}

std::string iso_8601(std::chrono::system_clock::time_point time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text.data();
}

// What the workers of one cgroup did together.
struct CgroupStats {
    std::uint64_t workers = 0;
    std::uint64_t work_units = 0;
    std::uint64_t iterations = 0;
    std::uint64_t wall_ns = 0;
    std::uint64_t cpu_ns = 0;
    std::uint64_t run_delay_ns = 0;
    std::uint64_t timeslices = 0;
    std::uint64_t migrations = 0;
    std::uint64_t longest_gap_ns = 0;
    std::uint64_t isolation_violations = 0;

    void add(const plan::WorkerReport& worker) {
        ++workers;
        work_units += worker.work_units;
        iterations += worker.iterations;
        wall_ns += worker.wall_ns;
        cpu_ns += worker.cpu_ns;
        run_delay_ns += worker.run_delay_ns;
        timeslices += worker.timeslices;
        migrations += worker.migrations;
        longest_gap_ns = std::max(longest_gap_ns, worker.longest_gap_ns);
        isolation_violations += worker.isolation_violations;
    }

    [[nodiscard]] json to_json() const {
        return {{"workers", workers},
                {"work_units", work_units},
                {"iterations", iterations},
                {"wall_ns", wall_ns},
                {"cpu_ns", cpu_ns},
                {"run_delay_ns", run_delay_ns},
                {"timeslices", timeslices},
                {"migrations", migrations},
                {"longest_gap_ns", longest_gap_ns},
                {"isolation_violations", isolation_violations}};
    }
};

json stats_json(const std::vector<plan::WorkerReport>& workers) {
    CgroupStats total;
    std::map<std::string, CgroupStats> by_cgroup;
    for (const auto& worker : workers) {
        total.add(worker);
        by_cgroup[worker.cgroup].add(worker);
    }
    json cgroups = json::array();
    for (const auto& [cgroup, stats] : by_cgroup) {
        json entry = stats.to_json();
        entry["cgroup"] = cgroup;
        cgroups.push_back(std::move(entry));
    }
    json stats = total.to_json();
    stats["cgroups"] = std::move(cgroups);
    return stats;
}

template <typename T> json array_of(const std::vector<T>& items) {
    json array = json::array();
    for (const auto& item : items) array.push_back(to_json(item));
    return array;
}

json phases_json(const std::vector<plan::PhaseTime>& phases) {
    json array = json::array();
    for (const auto& phase : phases) array.push_back({{"phase", phase.phase}, {"host_ms", phase.host_ms}});
    return array;
}

// The end of the file's name for each capture, in their order: "before.ctprof.zst", "before~2.ctprof.zst".
std::vector<std::string> capture_names(const plan::Record& record) {
    std::vector<std::string> names;
    std::map<std::string, int> seen;
    for (const auto& capture : record.ctprof) {
        const std::string name = file_name_of(capture.name).substr(0, longest_capture_name);
        const int count = ++seen[name];
        names.push_back(name + (count > 1 ? "~" + std::to_string(count) : "") + std::string(ctprof::file_suffix));
    }
    return names;
}

json captures_json(const plan::Record& record, const std::string& stem) {
    json list = json::array();
    const auto names = capture_names(record);
    for (std::size_t i = 0; i < names.size(); ++i)
        list.push_back({{"name", record.ctprof[i].name},
                        {"step", record.ctprof[i].step},
                        {"at_ns", record.ctprof[i].at_ns},
                        {"file", stem + "." + names[i]}});
    return list;
}

// Periodic snapshots that have something in them.
std::size_t periodic_captured(const plan::Record& record) {
    return static_cast<std::size_t>(
        std::count_if(record.snapshots.begin(), record.snapshots.end(),
                      [](const plan::Snapshot& one) { return one.trigger == "periodic" && one.state; }));
}

json cleanup_duration(const std::vector<plan::PhaseTime>& phases) {
    for (const auto& phase : phases)
        if (phase.phase == "teardown") return phase.host_ms;
    return nullptr;
}

json or_null(const std::string& text) { return text.empty() ? json() : json(text); }

template <typename T> json or_null(const std::optional<T>& value) { return value ? json(*value) : json(); }

// What a user has written and what a guest has sent may hold any bytes: what is not UTF-8 becomes U+FFFD.
std::string text_of(const json& document, int indent) {
    return document.dump(indent, ' ', false, json::error_handler_t::replace) + "\n";
}

void add_provenance(json& sidecar, const runs::Provenance& provenance) {
    sidecar["run_id"] = or_null(provenance.run_id);
    sidecar["run_source"] = provenance.run_source;
    sidecar["project_commit"] = or_null(provenance.project_commit);
    sidecar["kernel_commit"] = or_null(provenance.kernel_commit);
    sidecar["scheduler_source"] = or_null(provenance.scheduler.source);
    sidecar["scheduler_sha256"] = or_null(provenance.scheduler.sha256);
    sidecar["scheduler_commit"] = or_null(provenance.scheduler.commit);
    sidecar["host"] = to_json(provenance.host);
    sidecar["cpu_budget"] = or_null(provenance.cpu_budget);
    sidecar["kvm_stats"] = nullptr;                   // no accelerator of a run has counted any yet
    sidecar["perf_delta_assertions"] = json::array(); // no scenario can have one yet
}

void add_verdict(json& sidecar, const eval::Verdict& verdict) {
    sidecar["passed"] = verdict.outcome == eval::Outcome::pass;
    sidecar["skipped"] = verdict.outcome == eval::Outcome::skip;
    sidecar["inconclusive"] = verdict.outcome == eval::Outcome::inconclusive;
    sidecar["expected_failure"] = verdict.expected_failure;
    sidecar["assertions"] = array_of(verdict.assertions);
    for (std::size_t i = 0; i < verdict.assertions.size(); ++i)
        sidecar["assertions"][i]["judged"] = array_of(verdict.assertions[i].judged);
}

void add_record(json& sidecar, const plan::Record& record) {
    sidecar["seed"] = record.seed;
    sidecar["accelerator"] = or_null(record.accelerator);
    sidecar["clock"] = or_null(std::string(record.clock()));
    sidecar["restored"] = record.restored;
    sidecar["executor_version"] = or_null(record.executor_version);
    sidecar["executor_resident_bytes"] = record.executor_resident_bytes;
    sidecar["workload_ns"] = record.workload_ns;
    sidecar["message"] = or_null(record.message);
    sidecar["hint"] = or_null(record.hint);
    sidecar["stats"] = stats_json(record.workers);
    sidecar["phases"] = phases_json(record.phases);
    sidecar["cleanup_duration_ms"] = cleanup_duration(record.phases);
    sidecar["stimulus_events"] = array_of(record.events);
    sidecar["workers"] = array_of(record.workers);
    sidecar["extractions"] = array_of(record.extractions);
    sidecar["cgroup_procs"] = array_of(record.cgroup_procs);
    sidecar["scheduler_exits"] = array_of(record.scheduler_exits);
    sidecar["snapshots"] = snapshot_list(record);
    sidecar["watches"] = array_of(record.watches);
    sidecar["kernel_reads"] = array_of(record.kernel_reads);
    sidecar["monitor"] = monitor_summary(record.monitor);
    sidecar["programs"] = to_json(record.programs);
    sidecar["repro"] = record.repro.attempted ? to_json(record.repro) : json();
    sidecar["scheduler_log"] = record.scheduler_log;
    sidecar["console"] = record.console;
}

} // namespace

std::string file_name_of(const std::string& scenario) {
    std::string name;
    for (const char c : scenario) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool kept = letter || (c >= '0' && c <= '9') || c == '_' || c == '-' || (c == '.' && !name.empty());
        if (kept)
            name += c;
        else if (c == ' ')
            name += '+';
        else
            name += "%" + hex(static_cast<unsigned char>(c), 2);
    }
    if (name.size() <= longest_name) return name;
    return name.substr(0, longest_name) + "~" + hex(siphash(1, 3, 0, 0, scenario), 16);
}

std::string stem_of(const ScenarioResult& result) {
    return file_name_of(result.plan.scenario) + "-" + variant_hash(result.plan);
}

std::chrono::system_clock::time_point start_of(const ScenarioResult& result) {
    const auto ran_for = std::chrono::duration<double, std::milli>(std::max(0.0, result.duration_ms));
    return std::chrono::system_clock::now() - std::chrono::duration_cast<std::chrono::system_clock::duration>(ran_for);
}

json sidecar_json(const ScenarioResult& result, std::chrono::system_clock::time_point started) {
    const auto identity = variant_identity(result.plan);
    const auto& kernel = result.kernel.empty() ? result.record.kernel_release : result.kernel;
    json sidecar = {{"sidecar_version", sidecar_version},
                    {"test_name", result.plan.scenario},
                    {"file", result.file.string()},
                    {"variant", variant_hash(identity)},
                    {"topology", identity.topology},
                    {"scheduler", identity.scheduler},
                    {"payload", or_null(identity.payload)},
                    {"metrics", eval::metrics_json(result.plan, result.record, false)},
                    {"vcpus", result.plan.topology.cpus()},
                    {"work_type", identity.work_type},
                    {"sysctls", identity.sysctls},
                    {"kargs", identity.kargs},
                    {"kernel_version", or_null(kernel)},
                    {"timestamp", iso_8601(started)},
                    {"plan_hash", plan::plan_hash(result.plan)},
                    {"duration_ms", result.duration_ms}};
    add_verdict(sidecar, result.verdict);
    add_record(sidecar, result.record);
    const bool was_run = result.verdict.outcome != eval::Outcome::skip || result.record.end == plan::RunEnd::completed;
    sidecar["end"] = was_run ? json(plan::to_string(result.record.end)) : json();
    sidecar["periodic_target"] = result.plan.captures_ns.size();
    sidecar["periodic_fired"] = periodic_captured(result.record);
    add_provenance(sidecar, result.provenance);
    sidecar["parameters"] = identity.parameters;
    sidecar["flags"] = identity.flags;
    sidecar["options"] = result.options;
    sidecar["payloads"] = eval::payloads_json(result.plan, result.record);
    sidecar["ctprof"] = captures_json(result.record, stem_of(result));
    sidecar["observed_file"] = nullptr;
    sidecar["plan"] = nullptr;
    return sidecar;
}

Result<std::vector<runs::RecordFile>> record_files(const ScenarioResult& result,
                                                   std::chrono::system_clock::time_point started) {
    const std::string stem = stem_of(result);
    json sidecar = sidecar_json(result, started);
    std::vector<runs::RecordFile> files;
    auto observed = observed_bytes(result.record, result.provenance.run_id);
    if (!observed) return observed.error();
    if (!observed->empty()) {
        files.push_back({stem + std::string(runs::observed_suffix), std::move(*observed)});
        sidecar["observed_file"] = files.back().name;
    }
    if (result.planned) {
        files.push_back({stem + std::string(runs::plan_suffix), text_of(plan::to_json(*result.planned), 2)});
        sidecar["plan"] = files.back().name;
    }
    const auto names = capture_names(result.record);
    for (std::size_t i = 0; i < names.size(); ++i) {
        auto bytes = ctprof::compress(result.record.ctprof[i].document);
        if (!bytes) return bytes.error();
        files.push_back({stem + "." + names[i], std::move(*bytes)});
    }
    files.insert(files.end(), result.beside.begin(), result.beside.end());
    files.push_back({stem + std::string(runs::record_suffix), text_of(sidecar, 1)});
    return files;
}

Result<std::filesystem::path> write_sidecar(runs::RunDirectory& directory, const std::string& folder,
                                            const ScenarioResult& result) {
    const auto files = record_files(result, start_of(result));
    if (!files) return files.error();
    auto written = directory.write(folder, *files);
    if (!written)
        return Error{written.error().message,
                     "the result of the scenario \"" + result.plan.scenario + "\" is not kept" +
                         (written.error().hint.empty() ? "; make room there or choose another folder with --out"
                                                       : ": " + written.error().hint)};
    return written;
}

} // namespace ktstr::report
