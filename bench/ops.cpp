// SPDX-License-Identifier: GPL-2.0-only
// What the executor takes to start workers and to carry out ops, beside what the kernel alone takes for the same: bare
// processes, and bare writes to the files of a cgroup, in the same guest.
#include <algorithm>

#include "bench/figure.h"
#include "bench/guest_run.h"
#include "bench/ktstr_run.h"
#include "vmm/boot/initramfs.h"
#include "vmm/kernel/kernel.h"

namespace ktstr::bench {

namespace {

constexpr const char* start_seconds = "15";
constexpr int runs = 3;
constexpr double report_bound_kib = 64;

std::string scenario() {
    return "payload floor { binary \"" + (program_directory() / "bench-op-floor").string() + "\"  output json }\n" + R"(
scenario "ops" {
  topology 1n1l4c1t
  duration 2s
  step "floor" for 50% {
    run floor
    wait floor at_most 2min
  }
  step "ops" for 50% {
    cgroup crowd { workers 100 of idle_churn(sleep: 10ms) }
    cgroup other { }
    for i in 1..20 { set_cpuset crowd 0-1   set_cpuset crowd 0-3 }
    for i in 1..20 { move_all_tasks crowd to other   move_all_tasks other to crowd }
    for i in 1..20 { freeze crowd   unfreeze crowd }
  }
  expect { progress off }
}
)";
}

// From the end of the op before to that of each op of that name, in us. As in the floor, the one that a tenth is below.
Result<double> latency(const nlohmann::json& sidecar, const std::string& name) {
    std::vector<double> times;
    std::int64_t before = 0;
    for (const auto& event : sidecar.at("stimulus_events")) {
        const auto at = event.at("at_ns").get<std::int64_t>();
        if (event.at("op") == name) times.push_back(static_cast<double>(at - before) / 1e3);
        before = at;
    }
    if (times.empty()) return Error{"the record has no events of " + name};
    std::sort(times.begin(), times.end());
    return times.at(times.size() / 10);
}

Result<nlohmann::json> floor_of(const nlohmann::json& sidecar) {
    for (const auto& payload : sidecar.at("payloads")) {
        auto printed = nlohmann::json::parse(payload.at("stdout").get<std::string>(), nullptr, false);
        if (printed.is_object()) return printed;
        return Error{"the floor of the ops printed: " + payload.at("stderr").get<std::string>()};
    }
    return Error{"the floor of the ops did not run"};
}

Figure figure(const std::string& name, double value, const char* unit) {
    return {.bench = "ops", .name = name, .value = value, .unit = unit};
}

// A figure, its floor, and their ratio.
void add(std::vector<Figure>& all, const std::string& name, double value, double floor, const char* unit) {
    all.push_back(figure(name, value, unit));
    all.push_back(figure(name + "_floor", floor, unit));
    all.push_back(figure(name + "_ratio", value / floor, "ratio"));
}

Result<std::vector<Figure>> measure_start(const Kernel& kernel) {
    const auto executor = vmm::find_executor();
    if (!executor) return executor.error();
    const auto initramfs = vmm::make_initramfs(*executor);
    if (!initramfs) return initramfs.error();
    const auto printed = run_guest_bench(kernel, *initramfs, {.cores = 4}, "bench-start", start_seconds);
    if (!printed) return printed.error();
    const auto value = [&printed](const char* name) { return printed->at(name).get<double>(); };
    std::vector<Figure> all;
    add(all, "start_skew_64", value("skew_us"), value("bare_skew_us"), "us");
    add(all, "start_last_64", value("start_us"), value("bare_start_us"), "us");
    add(all, "spawn_rate", value("workers_per_second"), value("forks_per_second"), "per s");
    return all;
}

Result<std::vector<Figure>> measure_ops(const Kernel& kernel) {
    const auto bench = Bench::create(scenario(), kernel.id);
    if (!bench) return bench.error();
    struct Op {
        std::string figure;
        std::string name;
        std::string floor;
        std::vector<double> times = {};
        std::vector<double> floors = {};
    };
    std::vector<Op> ops = {{"set_cpuset", "set_cpuset", "set_cpuset_ns"},
                           {"move_100_tasks", "move_all_tasks", "move_all_tasks_ns"},
                           {"freeze_100_tasks", "freeze_cgroup", "freeze_ns"}};
    double largest_report = 0;
    for (int i = 0; i < runs; ++i) {
        const auto run = bench->run();
        if (!run) return run.error();
        const auto floor = floor_of(run->sidecar);
        if (!floor) return floor.error();
        for (auto& op : ops) {
            const auto time = latency(run->sidecar, op.name);
            if (!time) return time.error();
            op.times.push_back(*time);
            op.floors.push_back(floor->at(op.floor).get<double>() / 1e3);
        }
        for (const auto& report : run->sidecar.at("workers"))
            largest_report = std::max(largest_report, static_cast<double>(report.dump().size()));
    }
    std::vector<Figure> all;
    for (const auto& op : ops) add(all, op.figure, median(op.times), median(op.floors), "us");
    Figure report = figure("worker_report", largest_report / 1024, "KiB");
    report.bound = report_bound_kib;
    all.push_back(report);
    return all;
}

Result<std::vector<Figure>> measure() {
    const auto kernel = resolve_kernel(std::nullopt);
    if (!kernel) return kernel.error();
    auto all = measure_start(*kernel);
    if (!all) return all.error();
    const auto ops = measure_ops(*kernel);
    if (!ops) return ops.error();
    all->insert(all->end(), ops->begin(), ops->end());
    return all;
}

} // namespace

} // namespace ktstr::bench

int main() { return ktstr::bench::finish(ktstr::bench::measure()); }
