// SPDX-License-Identifier: GPL-2.0-only
#include "tests/guest/running.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "guest/work/table.h"
#include "interp/plan/disk.h"

namespace fs = std::filesystem;

namespace ktstr::test {

using namespace ktstr::guest;

namespace {

const WorkerFilter every = [](const WorkerProcess&) { return true; };
constexpr std::uint64_t disk_size = 64U << 20U;

// Past the page cache, if the file system can do that.
Fd open_disk(const fs::path& path) {
    const int flags = O_RDWR | O_CREAT | O_DSYNC | O_CLOEXEC;
    Fd disk(::open(path.c_str(), flags | O_DIRECT, 0600));
    if (!disk) disk = Fd(::open(path.c_str(), flags, 0600));
    REQUIRE(disk);
    REQUIRE(::ftruncate(disk.get(), disk_size) == 0);
    return disk;
}

WorkerPool make_pool(const plan::Work& work) {
    const auto workers = static_cast<std::size_t>(work.workers);
    auto pool = WorkerPool::create(workers, workers, AffinityResolver({1, 1, plan::max_cpus / 2, 2, {}}, 1));
    REQUIRE(pool.ok());
    return std::move(*pool);
}

int online_nodes() {
    std::ifstream file("/sys/devices/system/node/online");
    std::string list;
    file >> list;
    const auto nodes = plan::CpuSet::parse(list);
    return nodes ? nodes->size() : 0;
}

} // namespace

plan::Work work_of(const std::string& name, int groups, const plan::WorkParameters& parameters) {
    const plan::WorkType& type = *plan::find_work_type(name);
    plan::Work work;
    work.name = type.name;
    work.work_type = type.name;
    work.parameters = type.defaults();
    for (const auto& [key, value] : parameters) work.parameters.at(key) = value;
    work.workers = groups * type.group_size_with(work.parameters);
    return work;
}

bool host_permits(const std::string& type) {
    if (type.starts_with("numa_")) return online_nodes() >= 2;
    if (type.starts_with("cgroup_")) return !HostCgroup::mount_point().empty();
    for (const char* privileged : {"nice_sweep", "priority_inversion", "preempt_storm", "rt_starvation"})
        if (type == privileged) return ::geteuid() == 0;
    return true;
}

bool comes_true(const std::function<bool()>& predicate) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!predicate()) {
        if (std::chrono::steady_clock::now() > end) return false;
        ::usleep(500);
    }
    return true;
}

std::string HostCgroup::mount_point() {
    std::ifstream mounts("/proc/self/mounts");
    for (std::string device, place, type, rest; mounts >> device >> place >> type && std::getline(mounts, rest);)
        if (type == "cgroup2" && ::geteuid() == 0 && ::access(place.c_str(), W_OK) == 0) return place;
    return {};
}

HostCgroup::HostCgroup() : path_(mount_point() + "/ktstr-test-" + std::to_string(::getpid())) {
    REQUIRE(::mkdir(path_.c_str(), 0755) == 0);
    REQUIRE(::mkdir(leaf().c_str(), 0755) == 0);
}

HostCgroup::~HostCgroup() {
    for (const auto& directory : below()) ::rmdir(directory.c_str());
    ::rmdir(leaf().c_str());
    ::rmdir(path_.c_str());
}

std::vector<std::string> HostCgroup::below() const {
    std::vector<std::string> directories;
    for (const auto& entry : fs::directory_iterator(path_))
        if (entry.is_directory() && entry.path() != leaf()) directories.push_back(entry.path().string());
    return directories;
}

Running::Running(const plan::Work& work)
    : directory(std::move(TemporaryDirectory::create("ktstr-work-").value())),
      disk(open_disk(directory.path() / "disk")), pool(make_pool(work)) {
    pool.use_disk(disk.get(), disk_size);
    Placement placement{.cgroup = "hot", .allowed = plan::CpuSet::range(0, plan::max_cpus - 1)};
    Fd leaf;
    if (find_work_loop(work.work_type)->makes_cgroups) {
        cgroup = std::make_unique<HostCgroup>();
        leaf = Fd(::open(cgroup->leaf().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        placement.cgroup_fd = leaf.get();
        placement.cgroup_home = cgroup->leaf();
        placement.cgroup_base = cgroup->path();
    }
    const auto spawned = pool.spawn(work, placement);
    INFO((spawned ? std::string() : spawned.error().text()));
    REQUIRE(spawned.ok());
    Result<bool> placed = false;
    CHECK(comes_true([&] {
        reap();
        placed = pool.place_threads();
        return !placed || *placed;
    }));
    INFO((placed ? std::string() : placed.error().text()));
    REQUIRE(placed.ok());
}

Running::~Running() {
    for (const auto& worker : pool.workers())
        if (!worker.ended) {
            ::kill(-worker.pid, SIGKILL);
            ::waitpid(worker.pid, nullptr, 0);
        }
}

void Running::start() {
    pool.read_counters();
    pool.start(monotonic_ns());
}

void Running::reap() {
    while (true) {
        int status = 0;
        rusage used{};
        const pid_t pid = ::wait4(-1, &status, WNOHANG, &used);
        if (pid <= 0) return;
        for (const auto* worker : pool.reaped(pid, status, used, monotonic_ns())) usage[worker->number] = used;
    }
}

void Running::run_until_each_has(std::uint64_t units) {
    start();
    for (auto& worker : pool.workers())
        while (!worker.ended && worker.slot->work_units < units) {
            ::usleep(500);
            reap();
        }
}

void Running::wait_for_end_of(std::size_t worker) {
    while (!pool.workers().at(worker).ended) {
        ::usleep(500);
        reap();
    }
}

std::vector<plan::WorkerReport> Running::stop() {
    pool.request_stop(every, monotonic_ns());
    while (pool.any_live(every)) {
        ::usleep(1000);
        reap();
        pool.nudge(monotonic_ns());
    }
    return pool.take_reports(0);
}

pid_t Running::pid(std::size_t worker) { return pool.workers().at(worker).pid; }

std::uint64_t Running::units(std::size_t worker) { return pool.workers().at(worker).slot->work_units; }

std::uint64_t Outcome::voluntary_switches(int worker) const {
    return static_cast<std::uint64_t>(usage.at(worker).ru_nvcsw);
}

std::uint64_t Outcome::involuntary_switches(int worker) const {
    return static_cast<std::uint64_t>(usage.at(worker).ru_nivcsw);
}

std::uint64_t Outcome::switches(int worker) const { return voluntary_switches(worker) + involuntary_switches(worker); }

Outcome run(const plan::Work& work, std::uint64_t units) {
    Running running(work);
    running.run_until_each_has(units);
    Outcome outcome{running.stop(), running.usage};
    for (const auto& report : outcome.reports) {
        INFO(report.exit);
        REQUIRE(report.exit == "stopped");
        REQUIRE(report.work_units >= units);
    }
    return outcome;
}

std::string proc_field(pid_t pid, const std::string& file, const std::string& name) {
    std::ifstream lines("/proc/" + std::to_string(pid) + "/" + file);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(name + ":")) {
            const auto first = line.find_first_not_of(" \t", name.size() + 1);
            return first == std::string::npos ? "" : line.substr(first);
        }
    return {};
}

std::uint64_t proc_number(pid_t pid, const std::string& file, const std::string& name) {
    return std::strtoull(proc_field(pid, file, name).c_str(), nullptr, 10);
}

long proc_stat(pid_t pid, int number) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(file, line);
    std::istringstream fields(line.substr(line.rfind(')') + 1)); // field 3 is the next
    std::string field;
    for (int at = 3; at <= number; ++at) fields >> field;
    return std::strtol(field.c_str(), nullptr, 10);
}

std::vector<std::string> descriptors_of(pid_t pid) {
    std::vector<std::string> targets;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", code))
        if (std::stoi(entry.path().filename()) > 2) targets.push_back(fs::read_symlink(entry.path(), code).string());
    return targets;
}

} // namespace ktstr::test
