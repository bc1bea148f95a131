// SPDX-License-Identifier: GPL-2.0-only
// For sidecar_schema_test.py: prints records of made-up runs, one JSON line each. The first has one of everything.
#include <iostream>

#include "report/sidecar.h"
#include "tests/plan/full_plan.h"
#include "tests/report/made_up_result.h"

using namespace ktstr;
using namespace ktstr::test;
using nlohmann::json;

namespace {

plan::Record full_record() {
    plan::Record record = made_up_record();
    record.hint = "try again";
    for (auto& worker : record.workers) {
        worker.numa_pages = {{0, 12}};
        worker.latencies = {{.name = "wake_latency", .seen = 1, .max_ns = 5, .kept_ns = {5}}};
    }
    record.payloads = {{.name = full_plan().payloads.front().name, .cgroup = "hot", .exit = "exit code 0"}};
    record.cgroup_procs = {{"tag", "hot", 0, 5, {1, 2}}};
    record.ctprof = {{"before", 0, 5, "{}"}};
    record.events = {{.at_ns = 1, .kind = "op", .step = 0, .op = "freeze_cgroup"}};
    record.scheduler_exits = {{.scheduler = "one", .attached = true, .at_ns = 7}};
    plan::Snapshot taken{.name = "periodic_000", .trigger = "periodic", .at_ns = 5};
    taken.state = std::make_shared<const json>(json::object());
    record.snapshots = {taken, {.name = "late", .trigger = "op", .reason = "the guest was gone"}};
    record.watches = {{.name = "runs"}};
    record.kernel_reads = {{.name = "nr", .value = std::make_shared<const json>(7)}, {.name = "none"}};
    record.monitor = {.interval_ns = 100, .names = {"imbalance", "none"}, .absent = {{"load", "no such member"}}};
    record.monitor.samples = {{100, 0, {2.5}}, {200, 0, {3.5}}};
    record.programs.list = {{.scheduler = "one", .callback = "enqueue", .run_count = 5, .run_time_ns = 10}, {}};
    record.programs.reason = "none";
    return record;
}

runs::Provenance full_provenance() {
    return {.run_id = runs::next_run_id(),
            .run_source = "ci",
            .project_commit = "0123abc-dirty",
            .kernel_commit = "0123abc",
            .scheduler = {"path", std::string(64, 'a'), "0123abc"},
            .host = runs::read_host_context(),
            .cpu_budget = runs::cpu_budget()};
}

void print(const report::ScenarioResult& result) {
    const auto files = report::record_files(result, std::chrono::system_clock::now());
    if (!files) std::exit(1);
    std::cout << json::parse(files->back().content).dump() << "\n";
}

} // namespace

int main() {
    auto full = judged(full_plan(), full_record());
    full.planned = full.plan;
    full.provenance = full_provenance();
    full.options = {"-P", "workers=4"};
    full.plan.parameters = {{"workers", "4"}};
    print(full);
    print(passed_result());
    print(failed_result());
    report::ScenarioResult skipped;
    skipped.plan = made_up_plan();
    skipped.verdict.assertions.push_back({.kind = "host", .message = "this machine has 4 CPUs"});
    skipped.provenance = full_provenance();
    print(skipped);
    print({});
    return 0;
}
