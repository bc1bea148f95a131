// SPDX-License-Identifier: GPL-2.0-only
// Records as `ktstr run` writes them, made for tests.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/file.h"

namespace ktstr::stats {

// A record of version 1 of a scenario that passed, with one worker.
inline nlohmann::json made_record(const std::string& scenario, std::uint64_t work_units = 1000) {
    using nlohmann::json;
    json worker = {{"cgroup", "a"},
                   {"work_type", "spin_wait"},
                   {"step", 0},
                   {"work_units", work_units},
                   {"iterations", 500},
                   {"started_at_ns", 0},
                   {"wall_ns", 1000000000},
                   {"cpu_ns", 900000000},
                   {"migrations", 3},
                   {"longest_gap_ns", 4000000},
                   {"run_delay_ns", 2000000},
                   {"timeslices", 20},
                   {"latencies", json::array()}};
    return {{"sidecar_version", 1},
            {"test_name", scenario},
            {"file", "a.ktl"},
            {"variant", "0123456789abcdef"},
            {"topology", "1n1l2c1t"},
            {"scheduler", "eevdf"},
            {"payload", nullptr},
            {"metrics", json::array()},
            {"vcpus", 2},
            {"work_type", "spin_wait"},
            {"sysctls", json::array()},
            {"kargs", json::array()},
            {"kernel_version", "6.12.95-ktstr"},
            {"timestamp", "2026-01-02T03:04:05Z"},
            {"duration_ms", 1500.5},
            {"passed", true},
            {"skipped", false},
            {"inconclusive", false},
            {"expected_failure", false},
            {"assertions", json::array()},
            {"seed", 1},
            {"accelerator", "tcg"},
            {"executor_resident_bytes", 2000000},
            {"message", nullptr},
            {"phases", json::array({{{"phase", "boot"}, {"host_ms", 200.5}}})},
            {"workers", json::array({worker})}};
}

// The same of version 2.
inline nlohmann::json made_record_2(const std::string& scenario) {
    auto record = made_record(scenario);
    record["sidecar_version"] = 2;
    record["run_source"] = "local";
    record["host"] = {{"cpu_model", "A CPU"}, {"cpus", 4}};
    record["flags"] = nlohmann::json::array();
    record["parameters"] = nlohmann::json::object();
    return record;
}

inline std::filesystem::path put(const std::filesystem::path& folder, const std::string& name,
                                 const std::string& text) {
    std::filesystem::create_directories(folder);
    const auto path = folder / (name + ".ktstr.json");
    if (!write_file(path, text)) std::abort();
    return path;
}
inline std::filesystem::path put(const std::filesystem::path& folder, const std::string& name,
                                 const nlohmann::json& record) {
    return put(folder, name, record.dump(1));
}

} // namespace ktstr::stats
