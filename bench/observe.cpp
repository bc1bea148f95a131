// SPDX-License-Identifier: GPL-2.0-only
// What it costs a guest to be looked into: how long its vCPUs stand still for a snapshot of a scheduler with 20 maps
// and 10,000 entries, beside one of a scheduler with next to nothing, and what the monitor takes of its throughput.
#include <algorithm>
#include <cmath>

#include "bench/figure.h"
#include "bench/ktstr_run.h"
#include "vmm/kernel/kernel.h"

namespace ktstr::bench {

namespace {

constexpr double median_bound_ms = 10;
constexpr double p99_bound_ms = 30;
constexpr double monitor_bound = 0.99;
constexpr int monitor_pairs = 9;

std::string freezes(const std::string& fill) {
    return R"(
use std.schedulers
scenario "freeze" {
  scheduler ktstr with args ["--fill", ")" +
           fill + R"("]
  topology 1n1l2c1t
  step "only" for 6s {
    cgroup load { workers 2 of spin_wait }
    repeat every 60ms { snapshot one }
  }
  check "there are snapshots" lua [[ claim("snapshots"):at_least(#run:snapshots(), 50) ]]
}
)";
}

constexpr const char* spinners = R"(
scenario "spin" {
  topology 1n1l2c1t
  duration 3s
  cgroup load { workers 2 of spin_wait }
  expect { progress }
}
)";

Result<std::vector<double>> stopped_ms(const std::string& fill, const std::string& kernel) {
    const auto bench = Bench::create(freezes(fill), kernel);
    if (!bench) return bench.error();
    const auto run = bench->run();
    if (!run) return run.error();
    std::vector<double> times;
    for (const auto& snapshot : run->sidecar.at("snapshots")) times.push_back(snapshot.at("stopped_ms").get<double>());
    std::sort(times.begin(), times.end());
    return times;
}

double quantile(const std::vector<double>& sorted, double part) {
    const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(sorted.size())));
    return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

Result<double> units_per_second(const Bench& bench, const char* interval_ms) {
    const auto run = bench.run(false, {"--monitor-ms", interval_ms});
    if (!run) return run.error();
    double units = 0;
    for (const auto& worker : run->sidecar.at("workers"))
        units += worker.at("work_units").get<double>() / worker.at("wall_ns").get<double>() * 1e9;
    return units;
}

// Throughput with the monitor over that without it, of runs in turns.
Result<double> monitor_ratio(const std::string& kernel) {
    auto bench = Bench::create(spinners, kernel);
    if (!bench) return bench.error();
    bench->use_templates();
    std::vector<double> ratios;
    for (int pair = 0; pair < monitor_pairs; ++pair) {
        const auto with = units_per_second(*bench, "100");
        const auto without = units_per_second(*bench, "0");
        if (!with) return with.error();
        if (!without) return without.error();
        ratios.push_back(*with / *without);
    }
    return median(ratios);
}

Result<std::vector<Figure>> measure() {
    const auto kernel = resolve_kernel(std::nullopt);
    if (!kernel) return kernel.error();
    const auto small = stopped_ms("0", kernel->id);
    if (!small) return small.error();
    const auto large = stopped_ms("910", kernel->id); // of each of 11 maps
    if (!large) return large.error();
    const auto ratio = monitor_ratio(kernel->id);
    if (!ratio) return ratio.error();
    return std::vector<Figure>{
        {.bench = "observe", .name = "stopped_median_few_maps", .value = quantile(*small, 0.5), .unit = "ms"},
        {.bench = "observe",
         .name = "stopped_median_10000_entries",
         .value = quantile(*large, 0.5),
         .unit = "ms",
         .bound = median_bound_ms},
        {.bench = "observe",
         .name = "stopped_p99_10000_entries",
         .value = quantile(*large, 0.99),
         .unit = "ms",
         .bound = p99_bound_ms},
        {.bench = "observe",
         .name = "stopped_ratio",
         .value = quantile(*large, 0.5) / quantile(*small, 0.5),
         .unit = "ratio"},
        {.bench = "observe",
         .name = "throughput_under_monitor",
         .value = *ratio,
         .unit = "ratio",
         .bound = monitor_bound,
         .direction = Bound::at_least}};
}

} // namespace

} // namespace ktstr::bench

int main() { return ktstr::bench::finish(ktstr::bench::measure()); }
