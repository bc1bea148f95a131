// SPDX-License-Identifier: GPL-2.0-only
// What telemetry costs the workers of each type: the same work with all of it and with counting only, in turns.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "guest/bench.h"
#include "guest/cgroup.h"
#include "guest/scratch_disk.h"
#include "guest/system.h"
#include "guest/worker_pool.h"
#include "interp/plan/work_types.h"

namespace ktstr::guest {

namespace {

constexpr double turn_seconds = 0.25;
constexpr const char* cgroup_name = "bench";

// What some types need; each may be missing outside of a guest.
struct Surroundings {
    std::optional<CgroupTree> cgroups;
    Fd cgroup;
    ScratchDisk disk;
};

Result<Surroundings> find_surroundings() {
    Surroundings found;
    if (::getpid() != 1) return found;
    bring_loopback_up();
    auto disk = open_scratch_disk();
    if (!disk) return disk.error();
    found.disk = std::move(*disk);
    auto cgroups = CgroupTree::create("/sys/fs/cgroup");
    if (!cgroups) return cgroups.error();
    cgroups->set_inner({cgroup_name});
    if (auto made = cgroups->create_cgroup(cgroup_name); !made) return made.error();
    auto directory = cgroups->open(cgroup_name);
    if (!directory) return directory.error();
    found.cgroup = std::move(*directory);
    found.cgroups = std::move(*cgroups);
    return found;
}

plan::Work work_of(const plan::WorkType& type) {
    plan::Work work;
    work.name = "bench";
    work.work_type = type.name;
    work.parameters = type.defaults();
    work.workers = type.group_size_with(work.parameters);
    return work;
}

struct Turn {
    double units_per_second = 0;
    double units_per_cpu_second = 0;
    std::string refused; // why a worker could not do it here
};

Result<Turn> run_turn(const plan::Work& work, const Surroundings& surroundings, bool telemetry) {
    auto pool = WorkerPool::create(static_cast<std::size_t>(work.workers), static_cast<std::size_t>(work.workers),
                                   AffinityResolver({.cores = 1, .threads = 2}, 1));
    if (!pool) return pool.error();
    pool->use_telemetry(telemetry);
    pool->use_disk(surroundings.disk.file.get(), surroundings.disk.bytes);
    Placement placement{.allowed = plan::CpuSet::range(0, plan::max_cpus - 1)};
    if (surroundings.cgroups) {
        placement.cgroup_fd = surroundings.cgroup.get();
        placement.cgroup_home = surroundings.cgroups->process_path(cgroup_name);
        placement.cgroup_base = surroundings.cgroups->base_path(cgroup_name);
    }
    if (auto spawned = pool->spawn(work, placement); !spawned) return Turn{.refused = spawned.error().message};
    pool->start(monotonic_ns());
    ::usleep(static_cast<useconds_t>(turn_seconds * 1e6));
    const WorkerFilter every = [](const WorkerProcess&) { return true; };
    pool->request_stop(every, monotonic_ns());
    while (pool->any_live(every)) {
        int status = 0;
        rusage usage{};
        const pid_t pid = ::wait4(-1, &status, WNOHANG, &usage);
        if (pid > 0) pool->reaped(pid, status, usage, monotonic_ns());
        if (pid > 0) continue;
        ::usleep(1000);
        pool->nudge(monotonic_ns());
    }
    Turn turn;
    double units = 0;
    double cpu_seconds = 0;
    for (const auto& report : pool->take_reports(0)) {
        if (report.exit.starts_with("error: ")) turn.refused = report.exit.substr(7);
        if (report.wall_ns > 0)
            turn.units_per_second += static_cast<double>(report.work_units) * 1e9 / static_cast<double>(report.wall_ns);
        units += static_cast<double>(report.work_units);
        cpu_seconds += static_cast<double>(report.cpu_ns) / 1e9;
    }
    if (cpu_seconds > 0) turn.units_per_cpu_second = units / cpu_seconds;
    return turn;
}

struct Ratios {
    std::vector<double> by_time;
    std::vector<double> by_cpu_time;
};

double quantile(std::vector<double> values, double part) {
    std::sort(values.begin(), values.end());
    return values.at(static_cast<std::size_t>(part * static_cast<double>(values.size() - 1)));
}

void print_figures(const std::string& work_type, const Ratios& ratios, const std::string& refused) {
    if (ratios.by_time.empty()) {
        std::printf("{\"work_type\":\"%s\",\"ratio\":null}\n", work_type.c_str());
        std::fprintf(stderr, "%s: %s\n", work_type.c_str(), refused.c_str());
    } else {
        std::printf(
            "{\"work_type\":\"%s\",\"ratio\":%.4f,\"low\":%.4f,\"high\":%.4f,\"cpu_ratio\":%.4f,\"pairs\":%zu}\n",
            work_type.c_str(), quantile(ratios.by_time, 0.5), quantile(ratios.by_time, 0.25),
            quantile(ratios.by_time, 0.75), quantile(ratios.by_cpu_time, 0.5), ratios.by_time.size());
    }
    std::fflush(stdout);
}

} // namespace

Result<void> bench_telemetry(double seconds, const std::vector<std::string>& only) {
    const auto surroundings = find_surroundings();
    if (!surroundings) return surroundings.error();
    const int pairs = std::max(3, static_cast<int>(seconds / (2 * turn_seconds)));
    for (const auto& type : plan::work_types()) {
        if (!only.empty() && std::find(only.begin(), only.end(), type.name) == only.end()) continue;
        const plan::Work work = work_of(type);
        Ratios ratios;
        std::string refused;
        for (int pair = 0; pair < pairs && refused.empty(); ++pair) {
            std::array<Turn, 2> turns; // without, with
            for (int turn = 0; turn < 2; ++turn) {
                const bool telemetry = (turn + pair) % 2 == 1; // each goes first as often as the other
                auto result = run_turn(work, *surroundings, telemetry);
                if (!result) return result.error();
                if (!result->refused.empty()) refused = result->refused;
                turns.at(telemetry ? 1 : 0) = std::move(*result);
            }
            if (turns[0].units_per_second <= 0 || turns[0].units_per_cpu_second <= 0 || !refused.empty()) continue;
            ratios.by_time.push_back(turns[1].units_per_second / turns[0].units_per_second);
            ratios.by_cpu_time.push_back(turns[1].units_per_cpu_second / turns[0].units_per_cpu_second);
        }
        print_figures(type.name, ratios, refused);
    }
    return {};
}

} // namespace ktstr::guest
