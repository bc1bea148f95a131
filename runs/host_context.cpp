// SPDX-License-Identifier: GPL-2.0-only
#include "runs/host_context.h"

#include <sched.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"

namespace ktstr::runs {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t largest_file = 16U << 20U; // /proc/cpuinfo of a large machine
constexpr int most_tunables = 256;

// The text of a file without white space around it; none if it cannot be read or has none.
std::optional<std::string> text_of(const fs::path& path) {
    const auto content = read_file(path, largest_file);
    if (!content) return std::nullopt;
    const auto first = content->find_first_not_of(" \t\n");
    if (first == std::string::npos) return std::nullopt;
    return content->substr(first, content->find_last_not_of(" \t\n") - first + 1);
}

std::optional<std::uint64_t> number(const std::string& text) {
    char* end = nullptr;
    const auto value = std::strtoull(text.c_str(), &end, 10);
    if (end == text.c_str()) return std::nullopt;
    return value;
}

// What stands behind "name:" at the beginning of a line.
std::optional<std::string> field(const fs::path& path, std::string_view name) {
    const auto content = read_file(path, largest_file);
    if (!content) return std::nullopt;
    std::istringstream lines(*content);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(name)) continue;
        const auto colon = line.find_first_not_of(" \t", name.size());
        if (colon == std::string::npos || line[colon] != ':') continue;
        const auto value = line.find_first_not_of(" \t", colon + 1);
        if (value != std::string::npos) return line.substr(value);
    }
    return std::nullopt;
}

// How many there are in "0-3,8".
std::optional<int> count_of(const fs::path& list) {
    const auto text = text_of(list);
    if (!text) return std::nullopt;
    int count = 0;
    std::istringstream ranges(*text);
    for (std::string range; std::getline(ranges, range, ',');) {
        const auto first = number(range);
        const auto dash = range.find('-');
        const auto last = dash == std::string::npos ? first : number(range.substr(dash + 1));
        if (!first || !last || *last < *first || *last > 1U << 20U) return std::nullopt;
        count += static_cast<int>(*last - *first) + 1;
    }
    return count;
}

// The word in brackets of "always [madvise] never".
std::optional<std::string> chosen_word(const fs::path& path) {
    const auto text = text_of(path);
    const auto open = text ? text->find('[') : std::string::npos;
    const auto close = open == std::string::npos ? open : text->find(']', open);
    if (close == std::string::npos) return std::nullopt;
    return text->substr(open + 1, close - open - 1);
}

void add_tunables(const fs::path& folder, std::string_view prefix, std::map<std::string, std::string>& values) {
    std::error_code code;
    for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
        const std::string name = entry->path().filename().string();
        if (!name.starts_with(prefix) || !entry->is_regular_file(code)) continue;
        if (values.size() >= most_tunables) return;
        if (auto value = text_of(entry->path()); value && value->find('\n') == std::string::npos)
            values[name] = std::move(*value);
    }
}

std::optional<std::map<std::string, std::string>> sched_tunables(const fs::path& root) {
    std::map<std::string, std::string> values;
    add_tunables(root / "proc/sys/kernel", "sched_", values);
    add_tunables(root / "sys/kernel/debug/sched", "", values);
    if (values.empty()) return std::nullopt;
    return values;
}

std::optional<std::string> arch_of(const fs::path& root) {
    if (auto arch = text_of(root / "proc/sys/kernel/arch")) return arch; // since Linux 6.1
    utsname names{};
    if (root != "/" || ::uname(&names) != 0) return std::nullopt;
    return names.machine;
}

// CPUs that a quota is worth: "150000 100000" of cpu.max is 1.5, "max 100000" is none.
std::optional<double> quota_of(const std::string& quota, const std::string& period) {
    const auto us = number(quota);
    const auto period_us = number(period);
    if (!us || quota.starts_with('-') || !period_us || *period_us == 0) return std::nullopt;
    return static_cast<double>(*us) / static_cast<double>(*period_us);
}

// The cgroup's own quota and those of its ancestors; `path` as in /proc/self/cgroup.
std::optional<double> least_quota(const fs::path& mount, fs::path path, bool is_v2) {
    std::optional<double> least;
    while (true) {
        const fs::path folder = mount / path.relative_path();
        std::optional<double> quota;
        if (const auto text = is_v2 ? text_of(folder / "cpu.max") : std::nullopt) {
            const auto space = text->find(' ');
            if (space != std::string::npos) quota = quota_of(text->substr(0, space), text->substr(space + 1));
        } else if (!is_v2) {
            quota = quota_of(text_of(folder / "cpu.cfs_quota_us").value_or(""),
                             text_of(folder / "cpu.cfs_period_us").value_or(""));
        }
        if (quota) least = std::min(*quota, least.value_or(*quota));
        if (!path.has_relative_path()) return least;
        path = path.parent_path();
    }
}

std::optional<double> cgroup_quota(const fs::path& root) {
    std::optional<double> least;
    std::istringstream lines(text_of(root / "proc/self/cgroup").value_or(""));
    for (std::string line; std::getline(lines, line);) { // "0::/user.slice", "4:cpu,cpuacct:/docker/1"
        const auto first = line.find(':');
        const auto second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
        const bool is_v2 = controllers == ",,";
        if (!is_v2 && controllers.find(",cpu,") == std::string::npos) continue;
        const auto mount = root / "sys/fs/cgroup" / (is_v2 ? "" : "cpu");
        if (const auto quota = least_quota(mount, line.substr(second + 1), is_v2))
            least = std::min(*quota, least.value_or(*quota));
    }
    return least;
}

template <typename T> nlohmann::json or_null(const std::optional<T>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json();
}

} // namespace

HostContext read_host_context(const fs::path& root) {
    const auto thp = root / "sys/kernel/mm/transparent_hugepage";
    const auto meminfo = root / "proc/meminfo";
    HostContext context;
    context.cpu_model = field(root / "proc/cpuinfo", "model name");
    context.cpus = count_of(root / "sys/devices/system/cpu/online");
    if (const auto kib = field(meminfo, "MemTotal"))
        if (const auto count = number(*kib)) context.memory_bytes = *count * 1024;
    context.thp_enabled = chosen_word(thp / "enabled");
    context.thp_defrag = chosen_word(thp / "defrag");
    if (const auto pages = field(meminfo, "HugePages_Total")) context.hugepages_total = number(*pages);
    context.numa_nodes = count_of(root / "sys/devices/system/node/online");
    context.kernel_release = text_of(root / "proc/sys/kernel/osrelease");
    context.kernel_cmdline = text_of(root / "proc/cmdline");
    context.arch = arch_of(root);
    context.sched_tunables = sched_tunables(root);
    return context;
}

nlohmann::json to_json(const HostContext& context) {
    return {{"cpu_model", or_null(context.cpu_model)},           {"cpus", or_null(context.cpus)},
            {"memory_bytes", or_null(context.memory_bytes)},     {"thp_enabled", or_null(context.thp_enabled)},
            {"thp_defrag", or_null(context.thp_defrag)},         {"hugepages_total", or_null(context.hugepages_total)},
            {"numa_nodes", or_null(context.numa_nodes)},         {"kernel_release", or_null(context.kernel_release)},
            {"kernel_cmdline", or_null(context.kernel_cmdline)}, {"arch", or_null(context.arch)},
            {"sched_tunables", or_null(context.sched_tunables)}};
}

std::optional<int> cpu_budget(const fs::path& root) {
    constexpr int most_cpus = 65'536;
    const std::size_t bytes = CPU_ALLOC_SIZE(most_cpus);
    const std::unique_ptr<cpu_set_t, decltype([](cpu_set_t* set) { CPU_FREE(set); })> set(CPU_ALLOC(most_cpus));
    if (!set || ::sched_getaffinity(0, bytes, set.get()) != 0) return std::nullopt;
    const int allowed = CPU_COUNT_S(bytes, set.get());
    const auto quota = cgroup_quota(root);
    if (!quota) return allowed;
    return std::clamp(static_cast<int>(std::ceil(std::min(*quota, 1e6))), 1, allowed);
}

} // namespace ktstr::runs
