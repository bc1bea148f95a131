// SPDX-License-Identifier: GPL-2.0-only
#include "stats/measured.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "interp/eval/workers.h"
#include "interp/plan/latencies.h"

namespace ktstr::stats {

namespace {

constexpr double ns_per_ms = 1e6;
constexpr double ns_per_s = 1e9;

// What all workers have done together.
struct Totals {
    double iterations = 0;
    double wall_ns = 0;
    double cpu_ns = 0;
    double migrations = 0;
    double run_delay_ns = 0;
    double timeslices = 0;
    double longest_gap_ns = 0;

    void add(const plan::WorkerReport& worker) {
        iterations += static_cast<double>(worker.iterations);
        wall_ns += static_cast<double>(worker.wall_ns);
        cpu_ns += static_cast<double>(worker.cpu_ns);
        migrations += static_cast<double>(worker.migrations);
        run_delay_ns += static_cast<double>(worker.run_delay_ns);
        timeslices += static_cast<double>(worker.timeslices);
        longest_gap_ns = std::max(longest_gap_ns, eval::gap_of(worker));
    }
};

} // namespace

void Measured::add(std::string_view name, double value) {
    if (std::isfinite(value)) values_.push_back({metrics_.add(name), value});
}

void Measured::add_workers(const std::vector<plan::WorkerReport>& workers) {
    if (workers.empty()) return;
    eval::Workers all;
    Totals totals;
    for (const auto& worker : workers) {
        all.push_back(&worker);
        totals.add(worker);
    }
    if (const auto throughput = eval::throughput_of(all)) add("work_units_per_s", *throughput);
    if (const auto spread = eval::worst_spread_of(all)) add("worst_spread", *spread);
    if (const double lived_s = eval::lived_ns(all) / ns_per_s; lived_s > 0) {
        add("iterations_per_s", totals.iterations / lived_s);
        add("migrations_per_s", totals.migrations / lived_s);
        add("timeslices_per_s", totals.timeslices / lived_s);
    }
    add("worst_gap_ms", totals.longest_gap_ns / ns_per_ms);
    add("migrations", totals.migrations);
    if (totals.timeslices > 0) add("run_delay_per_timeslice_ns", totals.run_delay_ns / totals.timeslices);
    if (totals.wall_ns > 0) add("off_cpu_ratio", 1 - totals.cpu_ns / totals.wall_ns);
    add_latencies(workers);
}

void Measured::add_latencies(const std::vector<plan::WorkerReport>& workers) {
    std::map<std::string, plan::MergedLatencies, std::less<>> by_name;
    for (const auto& worker : workers)
        for (const auto& latency : worker.latencies)
            if (latency.seen > 0) by_name[latency.name].add(latency.seen, latency.max_ns, latency.kept_ns);
    for (auto& [name, latencies] : by_name) {
        const std::string prefix = "latency." + name;
        if (const auto p50 = latencies.quantile(0.5)) add(prefix + ".p50_ns", *p50);
        if (const auto p99 = latencies.quantile(0.99)) add(prefix + ".p99_ns", *p99);
        if (const auto longest = latencies.longest()) add(prefix + ".max_ns", *longest);
    }
}

void Measured::add_monitor(std::string_view name, double mean, double most, std::optional<double> per_second) {
    if (name.starts_with("program.")) return; // add_programs() has them without the monitor's gaps
    const std::string prefix = "monitor." + std::string(name);
    if (per_second) {
        add(prefix + ".per_s", *per_second);
    } else {
        add(prefix + ".mean", mean);
        add(prefix + ".max", most);
    }
}

void Measured::add_programs(const std::vector<plan::BpfProgram>& programs) {
    struct Runs {
        double count = 0;
        double time_ns = 0;
    };
    std::map<std::string, double> verified; // the most of each name: it may be loaded anew in mid-run
    std::map<std::string, Runs> runs;       // of each callback; of others by their name
    for (const auto& program : programs) {
        if (program.verified_insns) {
            double& most = verified[program.name];
            most = std::max(most, static_cast<double>(*program.verified_insns));
        }
        if (program.run_count.value_or(0) == 0) continue;
        Runs& sum = runs[program.callback.empty() ? program.name : program.callback];
        sum.count += static_cast<double>(*program.run_count);
        sum.time_ns += static_cast<double>(program.run_time_ns.value_or(0));
    }
    for (const auto& [name, most] : verified) add("program." + name + ".verified_insns", most);
    for (const auto& [callback, sum] : runs) {
        add("callback." + callback + ".runs", sum.count);
        add("callback." + callback + ".time_ns", sum.time_ns);
        add("callback." + callback + ".mean_ns", sum.time_ns / sum.count);
    }
}

void Measured::add_payload(std::string_view payload, std::string_view name, double value, std::string_view unit,
                           Polarity better) {
    const std::string full = "payload." + std::string(payload) + "." + std::string(name);
    if (std::isfinite(value)) values_.push_back({metrics_.add(full, unit, better), value});
}

void Measured::add_phase(std::string_view phase, double host_ms) {
    constexpr std::array<std::string_view, 4> known = {"boot", "stage", "attach", "teardown"};
    if (std::find(known.begin(), known.end(), phase) != known.end()) add(std::string(phase) + "_ms", host_ms);
}

std::vector<Value> Measured::take() {
    std::stable_sort(values_.begin(), values_.end(),
                     [](const Value& a, const Value& b) { return a.metric < b.metric; });
    std::vector<Value> last;
    last.reserve(values_.size());
    for (const auto& value : values_) {
        if (!last.empty() && last.back().metric == value.metric) last.pop_back();
        last.push_back(value);
    }
    values_.clear();
    return last;
}

} // namespace ktstr::stats
