// SPDX-License-Identifier: GPL-2.0-only
// The machine that runs were made on, as their records describe it: `host` in docs/sidecar.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace ktstr::runs {

// What cannot be read is absent.
struct HostContext {
    std::optional<std::string> cpu_model;
    std::optional<int> cpus; // online
    std::optional<std::uint64_t> memory_bytes;
    std::optional<std::string> thp_enabled;       // "always", "madvise", "never"
    std::optional<std::string> thp_defrag;        // also "defer", "defer+madvise"
    std::optional<std::uint64_t> hugepages_total; // of the default size
    std::optional<int> numa_nodes;                // online
    std::optional<std::string> kernel_release;
    std::optional<std::string> kernel_cmdline;
    std::optional<std::string> arch; // "x86_64"
    // Of /proc/sys/kernel/sched_* ("sched_rt_runtime_us") and, where it can be read, of
    // /sys/kernel/debug/sched ("base_slice_ns").
    std::optional<std::map<std::string, std::string>> sched_tunables;

    bool operator==(const HostContext&) const = default;
};

// From /proc and /sys below `root`.
HostContext read_host_context(const std::filesystem::path& root = "/");

nlohmann::json to_json(const HostContext& context);

// How many CPUs this process may use: those of its affinity, and no more than the CPU quota of its cgroup and those
// above it, rounded up. Absent if the affinity cannot be read.
std::optional<int> cpu_budget(const std::filesystem::path& root = "/");

} // namespace ktstr::runs
