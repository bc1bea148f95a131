// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/snapshot.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>

#include "interp/plan/monitor.h"

namespace ktstr::observe {

using nlohmann::json;

namespace {

void copy_cpu_times(const GuestKernel& kernel, int cpus, RawSnapshot& raw) {
    for (int cpu = 0; cpu < cpus; ++cpu) {
        const auto address = kernel.per_cpu("kernel_cpustat", cpu);
        std::array<std::uint64_t, plan::cpu_time_names.size()> times{};
        auto read = address ? kernel.memory().read(*address, std::as_writable_bytes(std::span(times)))
                            : Result<void>(address.error());
        if (!read) {
            raw.cpus.clear();
            raw.cpus_absent = read.error().message;
            return;
        }
        raw.cpus.push_back({{times.begin(), times.end()}});
    }
}

void copy_programs(const GuestKernel& kernel, int cpus, ProgramTypes& types, RawSnapshot& raw) {
    const auto reader = ProgramReader::find(kernel, cpus);
    auto programs = reader ? reader->read(types) : reader.error();
    if (!programs) {
        raw.programs_absent = programs.error().message;
        return;
    }
    raw.programs = std::move(*programs);
    if (reader->counts_runs()) return;
    for (auto& one : raw.programs) {
        one.program.run_count.reset();
        one.program.run_time_ns.reset();
    }
}

json render_programs(const GuestKernel& kernel, const RawSnapshot& raw, ProgramTypes& types) {
    if (!raw.programs_absent.empty()) return {{"@absent", raw.programs_absent}};
    json list = json::array();
    for (const auto& program : named_programs(raw.programs, types, map_owners(kernel, raw.maps, raw.active)))
        list.push_back(to_json(program));
    return list;
}

} // namespace

Result<RawSnapshot> copy_snapshot(const GuestKernel& kernel, int cpus, ProgramTypes& types,
                                  const CaptureLimits& limits) {
    kernel.memory().forget();
    RawSnapshot raw;
    auto maps = copy_maps(kernel, cpus, types, limits);
    if (!maps) return maps.error();
    raw.maps = std::move(*maps);
    raw.active = active_scheduler(kernel);
    copy_programs(kernel, cpus, types, raw);
    copy_cpu_times(kernel, cpus, raw);
    return raw;
}

json render_snapshot(const GuestKernel& kernel, const RawSnapshot& raw, ProgramTypes& types) {
    json result = render_maps(kernel, raw.maps, types, raw.active);
    result["programs"] = render_programs(kernel, raw, types);
    result["scheduler"] = raw.active ? json(raw.active->name) : json();
    if (raw.cpus_absent.empty()) {
        json cpus = json::array();
        for (std::size_t cpu = 0; cpu < raw.cpus.size(); ++cpu) {
            json times = {{"cpu", cpu}};
            for (std::size_t i = 0; i < plan::cpu_time_names.size(); ++i)
                times[std::string(plan::cpu_time_names.at(i))] = raw.cpus[cpu].ns[i];
            cpus.push_back(std::move(times));
        }
        result["cpus"] = std::move(cpus);
    } else {
        result["cpus"] = {{"@absent", raw.cpus_absent}};
    }
    if (!raw.registers.empty()) result["registers"] = render_registers(kernel, raw.registers);
    return result;
}

// "CPU#0", and then words like "RAX=0000000000000000", "RIP=ffffffff81a9b7cb", "CR0=80050033"; segments and the rest
// are left out.
json render_registers(const GuestKernel& kernel, const std::string& text) {
    json cpus = json::array();
    std::string closed_up = text; // "R8 =0000000000000000"
    for (auto at = closed_up.find(" ="); at != std::string::npos; at = closed_up.find(" =", at)) closed_up.erase(at, 1);
    std::istringstream words(closed_up);
    for (std::string word; words >> word;) {
        if (word.starts_with("CPU#")) {
            cpus.push_back({{"cpu", cpus.size()}});
            continue;
        }
        const auto equals = word.find('=');
        if (cpus.empty() || equals == std::string::npos || equals < 2 || equals > 3) continue;
        std::string name = word.substr(0, equals);
        const bool wanted = name.starts_with('R') || name.starts_with("CR");
        std::uint64_t value = 0;
        const char* end = word.data() + word.size();
        const auto parsed = std::from_chars(word.data() + equals + 1, end, value, 16);
        if (!wanted || parsed.ec != std::errc{} || parsed.ptr != end) continue;
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        cpus.back()[name] = hex(value);
        if (name != "rip") continue;
        if (const std::string symbol = kernel.describe(value); !symbol.empty()) cpus.back()["symbol"] = symbol;
    }
    return cpus;
}

} // namespace ktstr::observe
