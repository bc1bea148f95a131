// SPDX-License-Identifier: GPL-2.0-only
// A plan of one cgroup "hot" with four spin workers and a record of it in which all went well, for tests to spoil.
#pragma once

#include <string>

#include "interp/plan/plan.h"
#include "interp/plan/record.h"

namespace ktstr::test {

inline plan::Expectation expectation(plan::Expectation::Kind kind, std::string written, double value = 0,
                                     std::string cgroup = "hot") {
    plan::Expectation made;
    made.kind = kind;
    made.cgroup = std::move(cgroup);
    made.value = value;
    made.written = std::move(written);
    made.source = {"scenarios/even.ktl", 9, 5};
    return made;
}

inline plan::Expectation expected_error(std::string text, bool regex = false) {
    auto made = expectation(plan::Expectation::Kind::error, "error \"" + text + "\"", 0, "");
    made.text = std::move(text);
    made.text_is_regex = regex;
    return made;
}

inline plan::Plan made_up_plan() {
    plan::Plan made;
    made.scenario = "even split";
    made.source = {"scenarios/even.ktl", 3, 1};
    made.topology = {1, 2, 2, 1};
    made.memory_bytes = 256U << 20U;
    made.duration_ns = 2'000'000'000;
    plan::Work work;
    work.name = "spin";
    work.work_type = "spin_wait";
    work.workers = 4;
    plan::CgroupSpec hot;
    hot.name = "hot";
    hot.cpus = plan::CpuSet::range(0, 1);
    hot.works = {work};
    plan::Step step;
    step.name = "main";
    step.hold_ns = made.duration_ns;
    step.ops = {plan::Op{plan::AddCgroup{hot}, {"scenarios/even.ktl", 5, 5}}};
    made.steps = {step};
    return made;
}

// A scheduler that the plan has attached from its start.
inline void attach(plan::Plan& plan, const std::string& name, std::vector<std::string> args = {},
                   plan::SourcePosition source = {"scenarios/even.ktl", 1, 1}) {
    plan::Scheduler scheduler;
    scheduler.name = name;
    scheduler.binary = name;
    scheduler.args = std::move(args);
    scheduler.source = std::move(source);
    plan.scheduler = name;
    plan.schedulers = {scheduler};
}

inline plan::WorkerReport worker_report(int number, std::uint64_t work_units) {
    plan::WorkerReport report;
    report.worker = number;
    report.pid = 100 + number;
    report.cgroup = "hot";
    report.work = "spin";
    report.work_type = "spin_wait";
    report.step = 0;
    report.work_units = work_units;
    report.iterations = work_units;
    report.wall_ns = 2'000'000'000;
    report.cpu_ns = 1'000'000'000;
    report.cpus = plan::CpuSet::range(0, 1);
    report.longest_gap_ns = 4'000'000;
    report.longest_gap_cpu = 1;
    report.longest_gap_at_ns = 1'500'000'000;
    report.exit = "stopped";
    return report;
}

inline plan::Record made_up_record() {
    plan::Record made;
    made.end = plan::RunEnd::completed;
    made.kernel_release = "6.12.57";
    made.accelerator = "tcg";
    made.executor_version = "0.1.0";
    made.seed = 7;
    made.workload_ns = 2'000'000'000;
    made.duration_ms = 3200;
    made.phases = {{"boot", 900}, {"stage", 40}, {"scenario", 2100}, {"teardown", 160}};
    for (int i = 0; i < 4; ++i) made.workers.push_back(worker_report(i, 2000));
    return made;
}

} // namespace ktstr::test
