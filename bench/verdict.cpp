// SPDX-License-Identifier: GPL-2.0-only
// How long a verdict takes: 100 expectations of all sorts over 64 samples, the last step of each run and all that
// `ktstr replay` and a pool's reader would have to do again.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <random>

#include "base/file.h"
#include "bench/figure.h"
#include "interp/compile/compile.h"
#include "interp/eval/evaluate.h"

namespace ktstr::bench {

namespace {

constexpr int samples = 64;
constexpr int expectations = 100;
constexpr int variables = 20; // globals of the scheduler in each snapshot
constexpr int rounds = 201;
constexpr std::int64_t between_ns = 50'000'000;
const std::vector<std::string> cgroups = {"a", "b", "c", "d"};
const std::vector<std::string> monitored = {"imbalance", "load", "nr_running", "max_nr_running", "local_dsq_depth"};

// 5 of each cgroup's workers, 20 of the monitor, 60 of the scheduler's globals: bounds, patterns, formulas over time.
std::string expect_block() {
    std::string text;
    const auto add = [&text](const std::string& line) { text += "    " + line + "\n"; };
    for (const auto& cgroup : cgroups)
        for (const auto* form : {"gap(%) <= 1s", "spread(%) <= 90%", "throughput(%) >= 1/s", "isolation(%)",
                                 "p99(wake_latency, %) <= 100ms"}) {
            std::string line = form;
            add(line.replace(line.find('%'), 1, cgroup));
        }
    for (const auto& name : monitored) {
        const std::string series = "monitor." + name;
        add(series + " <= 1000");
        add(series + " >= -1 for 5 samples");
        add("mean(" + series + ") < 1000");
        add("eventually[0s, 2s] " + series + " > 0");
    }
    for (int i = 0; i < variables; ++i) {
        const std::string series = "bpf.v" + std::to_string(i);
        add(series + " nondecreasing");
        add("rate(" + series + ") within 0/s .. 1000000/s");
        add("delta(" + series + ") <= 1000000");
    }
    return text;
}

std::string source() {
    std::string text = "scheduler s { binary \"scx_s\" }\nscenario \"judged\" {\n  scheduler s\n  duration 4s\n";
    for (const auto& cgroup : cgroups)
        text += "  cgroup " + cgroup + " { workers 4 of bursty(burst: 1ms, sleep: 1ms) }\n";
    return text + "  expect {\n    progress off\n" + expect_block() + "  }\n}\n";
}

Result<plan::Plan> make_plan() {
    auto folder = TemporaryDirectory::create("ktstr-bench-");
    if (!folder) return folder.error();
    const auto file = folder->path() / "judged.ktl";
    if (auto written = write_file(file, source()); !written) return written.error();
    auto compiled = compile_paths({file}, {});
    if (!compiled) return compiled.error();
    if (compiled->scenarios.size() != 1) {
        const auto& first = compiled->diagnostics.front();
        return Error{"line " + std::to_string(first.position().line) + " of the bench's scenario: " + first.message};
    }
    auto plan = std::move(compiled->scenarios.front().plan);
    if (plan.expectations.size() != expectations)
        return Error{"the bench has " + std::to_string(plan.expectations.size()) + " expectations"};
    return plan;
}

plan::WorkerReport worker(int number, const std::string& cgroup, std::mt19937& engine) {
    plan::WorkerReport report;
    report.worker = number;
    report.cgroup = cgroup;
    report.work_type = "bursty";
    report.step = 0;
    report.work_units = 2000 + engine() % 100;
    report.iterations = report.work_units;
    report.wall_ns = 4'000'000'000;
    report.cpu_ns = 2'000'000'000;
    report.cpus = plan::CpuSet::range(0, 3);
    report.longest_gap_ns = 4'000'000;
    plan::Latency latency{.name = "wake_latency", .seen = 1000};
    for (int i = 0; i < 1000; ++i) latency.kept_ns.push_back(1000 + engine() % 100'000);
    std::sort(latency.kept_ns.begin(), latency.kept_ns.end());
    latency.max_ns = latency.kept_ns.back();
    report.latencies = {latency};
    report.exit = "stopped";
    return report;
}

plan::Record make_record() {
    std::mt19937 engine(1);
    plan::Record record;
    record.end = plan::RunEnd::completed;
    record.workload_ns = samples * between_ns;
    for (int i = 0; i < 16; ++i) record.workers.push_back(worker(i, cgroups[static_cast<std::size_t>(i / 4)], engine));
    record.monitor.names = monitored;
    for (int i = 0; i < samples; ++i) {
        plan::MonitorSample looked{.at_ns = i * between_ns, .step = 0};
        for (std::size_t k = 0; k < monitored.size(); ++k) looked.values.push_back(1 + engine() % 8);
        record.monitor.samples.push_back(std::move(looked));
        auto state = nlohmann::json{{"variables", nlohmann::json::array()}};
        for (int k = 0; k < variables; ++k)
            state["variables"].push_back({{"name", "v" + std::to_string(k)}, {"live", true}, {"value", 10 * i + k}});
        record.snapshots.push_back({.name = "periodic_" + std::to_string(i),
                                    .trigger = "periodic",
                                    .at_ns = i * between_ns,
                                    .state = std::make_shared<const nlohmann::json>(std::move(state))});
    }
    return record;
}

Result<std::vector<Figure>> measure() {
    const auto plan = make_plan();
    if (!plan) return plan.error();
    const auto record = make_record();
    std::vector<double> times;
    for (int i = 0; i < rounds; ++i) {
        const auto started = std::chrono::steady_clock::now();
        const auto verdict = eval::evaluate(*plan, record);
        times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count());
        if (verdict.outcome != eval::Outcome::pass)
            return Error{"the bench's scenario did not pass: " +
                         (verdict.failures().empty() ? "nothing was judged" : verdict.failures().front()->message)};
    }
    return std::vector<Figure>{{.bench = "verdict",
                                .name = "expectations_100_samples_64",
                                .value = median(times),
                                .unit = "ms",
                                .bound = 2.0}};
}

} // namespace

} // namespace ktstr::bench

int main() { return ktstr::bench::finish(ktstr::bench::measure()); }
