// SPDX-License-Identifier: GPL-2.0-only
#include "report/sidecar.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <map>

#include "base/file.h"
#include "ctprof/host/file.h"
#include "interp/eval/payloads.h"
#include "report/observed.h"
#include "report/variant.h"

namespace ktstr::report {

namespace {

using nlohmann::json;

// NAME_MAX is 255, of which "-{16 hex}.ktstr.json" and the stage file's ".stage-XXXXXX" take 42.
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

json cleanup_duration(const std::vector<plan::PhaseTime>& phases) {
    for (const auto& phase : phases)
        if (phase.phase == "teardown") return phase.host_ms;
    return nullptr;
}

json or_null(const std::string& text) { return text.empty() ? json() : json(text); }

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
    sidecar["end"] = plan::to_string(record.end);
    sidecar["message"] = or_null(record.message);
    sidecar["hint"] = or_null(record.hint);
    sidecar["stats"] = stats_json(record.workers);
    sidecar["phases"] = phases_json(record.phases);
    sidecar["cleanup_duration_ms"] = cleanup_duration(record.phases);
    sidecar["stimulus_events"] = array_of(record.events);
    sidecar["workers"] = array_of(record.workers);
    sidecar["cgroup_procs"] = array_of(record.cgroup_procs);
    sidecar["scheduler_exits"] = array_of(record.scheduler_exits);
    sidecar["snapshots"] = snapshot_list(record);
    sidecar["watches"] = array_of(record.watches);
    sidecar["kernel_reads"] = array_of(record.kernel_reads);
    sidecar["monitor"] = monitor_summary(record.monitor);
    sidecar["programs"] = to_json(record.programs);
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

namespace {

// What the files of a result have in common at the beginning of their names.
std::string stem_of(const ScenarioResult& result) {
    return file_name_of(result.plan.scenario) + "-" + variant_hash(result.plan);
}

// Those of an earlier run of the scenario go.
Result<void> write_captures(const std::filesystem::path& directory, const ScenarioResult& result) {
    const auto names = capture_names(result.record);
    const std::string stem = stem_of(result) + ".";
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(directory, code)) {
        const std::string file = entry.path().filename().string();
        if (!file.starts_with(stem) || !file.ends_with(ctprof::file_suffix)) continue;
        if (std::find(names.begin(), names.end(), file.substr(stem.size())) == names.end())
            std::filesystem::remove(entry.path(), code);
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto bytes = ctprof::compress(result.record.ctprof[i].document);
        if (!bytes) return bytes.error();
        if (auto written = write_file(directory / (stem + names[i]), *bytes); !written) return written;
    }
    return {};
}

} // namespace

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
    sidecar["payloads"] = eval::payloads_json(result.plan, result.record);
    sidecar["ctprof"] = captures_json(result.record, stem_of(result));
    return sidecar;
}

Result<std::filesystem::path> write_sidecar(const std::filesystem::path& directory, const ScenarioResult& result) {
    const auto ran_for = std::chrono::duration<double, std::milli>(std::max(0.0, result.duration_ms));
    const auto started =
        std::chrono::system_clock::now() - std::chrono::duration_cast<std::chrono::system_clock::duration>(ran_for);
    json sidecar = sidecar_json(result, started);
    const std::string stem = stem_of(result);
    const auto not_kept = [&result](const Error& error) {
        return Error{error.message, "the result of the scenario \"" + result.plan.scenario +
                                        "\" is not kept; make room there or choose another folder with --out"};
    };
    if (auto made = make_directories(directory); !made) return made.error();
    const auto observed = write_observed(directory, stem, result.record);
    if (!observed) return not_kept(observed.error());
    sidecar["observed_file"] = or_null(*observed);
    // A guest's log may hold any bytes: what is not UTF-8 becomes U+FFFD.
    const std::string content = sidecar.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
    if (auto written = write_captures(directory, result); !written) return not_kept(written.error());
    auto path = directory / (stem + ".ktstr.json");
    if (auto written = write_file(path, content); !written) return not_kept(written.error());
    return path;
}

} // namespace ktstr::report
