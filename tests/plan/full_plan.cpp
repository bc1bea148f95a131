// SPDX-License-Identifier: GPL-2.0-only
#include "full_plan.h"

#include "interp/plan/names.h"
#include "interp/plan/work_types.h"

namespace ktstr::test {

using namespace plan;

namespace {

using Kind = Formula::Kind;

SourcePosition at(int line) { return {"full.ktl", line, 3}; }

Formula number(double value) {
    Formula formula;
    formula.number = value;
    return formula;
}

Formula series() {
    Formula formula;
    formula.kind = Kind::series;
    formula.source = "bpf";
    formula.path = "nr_dispatched";
    return formula;
}

Work of_type(const WorkType& type) {
    Work work = spin(1);
    work.name = type.name;
    work.work_type = type.name;
    work.parameters = type.defaults();
    work.workers = type.group_size_with(work.parameters);
    return work;
}

CgroupSpec hot() {
    CgroupSpec spec;
    spec.name = "hot";
    spec.cpus = CpuSet::range(0, 1);
    spec.mems = CpuSet::range(0, 0);
    spec.cpu_weight = 50;
    spec.cpu_max_quota_ns = 50'000'000;
    spec.memory_max_bytes = 64U << 20U;
    spec.memory_high_bytes = 32U << 20U;
    spec.memory_low_bytes = 8U << 20U;
    spec.memory_swap_max_bytes = 0;
    spec.io_weight = 200;
    spec.pids_max = 100;
    for (const auto& type : work_types()) spec.works.push_back(of_type(type));
    Work& first = spec.works[0];
    first.threads = true;
    first.swappable = true;
    first.comm = "hog";
    first.pcomm = "hogs";
    first.uid = 1000;
    first.gid = 1001;
    first.policy = Policy::deadline;
    first.deadline = Deadline{1'000'000, 5'000'000, 10'000'000};
    first.memory_policy = MemoryPolicy{MemoryPolicy::Mode::bind, CpuSet::range(0, 0), true, false, true};
    spec.works[1].policy = Policy::fifo;
    spec.works[1].priority = 10;
    spec.works[2].nice = -5;
    std::size_t next = 3;
    for (const auto& [kind, name] : affinity_names) {
        const bool listed = kind == Affinity::Kind::exact || kind == Affinity::Kind::single;
        spec.works[next++].affinity =
            Affinity{kind, listed ? CpuSet::range(0, 1) : CpuSet{}, kind == Affinity::Kind::random ? 1 : 0};
    }
    return spec;
}

std::vector<Op> ops() {
    KernelTarget symbol{.symbol = "jiffies", .cgroup = {}, .work = {}, .field = {}, .bytes = 8};
    KernelTarget task = symbol;
    task.kind = KernelTarget::Kind::task;
    task.cgroup = "hot";
    task.work = "spin_wait";
    task.field = "se.vruntime";
    const std::vector<Op::Action> actions = {RemoveCgroup{"x", true},
                                             SetCpuset{"hot", CpuSet::range(2, 3), CpuSet::range(0, 0)},
                                             ClearCpuset{"hot"},
                                             SwapCpusets{"hot", "cold"},
                                             Spawn{"", spin(1)},
                                             StopCgroup{"hot"},
                                             SetAffinity{"hot", {Affinity::Kind::exact, CpuSet::range(1, 1)}},
                                             MoveAllTasks{"hot", "cold"},
                                             RunPayload{"bench", "hot", {"--more"}},
                                             WaitPayload{"bench", "hot"},
                                             KillPayload{"bench", "hot"},
                                             FreezeCgroup{"hot"},
                                             UnfreezeCgroup{"hot"},
                                             CaptureSnapshot{"after"},
                                             WatchSnapshot{"ticks", symbol},
                                             ReadKernel{"now", symbol, true},
                                             WriteKernel{task, -1, false},
                                             AttachScheduler{"s"},
                                             DetachScheduler{},
                                             RestartScheduler{},
                                             ReplaceScheduler{"builtin"},
                                             PinBpfMap{"tasks"},
                                             WriteBpf{"slice_ns", 1000},
                                             CaptureCgroupProcs{"hot", "before"},
                                             CaptureCtprof{"before"}};
    std::vector<Op> result;
    for (const auto& action : actions) result.push_back({action, at(20)});
    return result;
}

Payload bench() {
    Payload payload;
    payload.name = "bench";
    payload.binary = "bench";
    payload.args = {"--json"};
    payload.output = Payload::Output::json;
    payload.metrics = {{"int.p99", "us", Metric::Polarity::lower}};
    payload.checks = {{PayloadCheck::Kind::exit_code, "", Comparison::equal, 0, "exit_code == 0", at(6)},
                      {PayloadCheck::Kind::exists, "int.p99", Comparison::less_equal, 0, "int.p99 exists", at(7)},
                      {PayloadCheck::Kind::compare, "int.p99", Comparison::less, 500, "int.p99 < 500us", at(8)},
                      {PayloadCheck::Kind::metrics, "", Comparison::greater_equal, 3, "metrics >= 3", at(9)},
                      {PayloadCheck::Kind::values, "", Comparison::greater_equal, 0, "values >= 0", at(9)}};
    payload.files = {"/etc/bench.conf"};
    payload.source = at(5);
    return payload;
}

std::vector<Expectation> expectations() {
    std::vector<Expectation> result;
    for (const auto& [kind, name] : expectation_names) {
        if (kind == Expectation::Kind::formula) continue;
        Expectation expectation;
        expectation.kind = kind;
        expectation.cgroup = "hot";
        expectation.value = 0.15;
        expectation.text = kind == Expectation::Kind::error ? "stall" : "";
        expectation.written = std::string(name);
        expectation.source = at(30);
        result.push_back(expectation);
    }
    for (const auto& [kind, name] : formula_names) {
        Expectation expectation;
        expectation.kind = Expectation::Kind::formula;
        expectation.formula = formula_of(kind);
        expectation.written = std::string(name);
        expectation.source = at(31);
        result.push_back(expectation);
    }
    return result;
}

} // namespace

Work spin(int workers) {
    Work work;
    work.name = "spin";
    work.work_type = "spin_wait";
    work.workers = workers;
    work.source = at(12);
    return work;
}

Formula formula_of(Kind kind) {
    if (kind == Kind::number) return number(2);
    if (kind == Kind::series) return series();
    Formula formula;
    formula.kind = kind;
    switch (kind) {
    case Kind::snapshot:
    case Kind::payload:
        formula.subject = "after";
        formula.path = "nr_queued";
        return formula;
    case Kind::measure: formula.path = "spread"; return formula;
    case Kind::within: formula.operands = {series(), number(0), number(1)}; return formula;
    case Kind::add:
    case Kind::subtract:
    case Kind::multiply:
    case Kind::divide:
    case Kind::compare:
    case Kind::converges: formula.operands = {series(), number(1)}; return formula;
    case Kind::rise:
    case Kind::fall:
    case Kind::logical_not:
    case Kind::sustained: formula.operands = {formula_of(Kind::compare)}; return formula;
    case Kind::always:
    case Kind::eventually:
        formula.operands = {formula_of(Kind::compare)};
        formula.from_ns = 1;
        formula.to_ns = 2;
        return formula;
    case Kind::until:
    case Kind::logical_and:
    case Kind::logical_or:
    case Kind::logical_implies:
        formula.operands = {formula_of(Kind::compare), formula_of(Kind::compare)};
        return formula;
    case Kind::reduce: formula.path = "mean"; [[fallthrough]];
    default: formula.operands = {series()}; return formula;
    }
}

Plan full_plan() {
    Plan plan;
    plan.scenario = "everything";
    plan.source = at(1);
    plan.topology = {2, 2, 2, 1, {{2, 256U << 20U, {10, 30}}, {0, 128U << 20U, {30, 10}}}};
    plan.memory_bytes = 384U << 20U;
    plan.duration_ns = 1'000'000'000;
    plan.scheduler = "s";
    plan.schedulers = {{"s", "scx_s", {"--a"}, "s.toml", "--config", "system.slice", {"llc"}, "", "", at(2)},
                       {"builtin", "", {}, "", "", "", {}, "echo 1 > /sys/x", "echo 0 > /sys/x", at(3)}};
    plan.payloads = {bench()};
    plan.kernel_args = {"nosmt"};
    plan.sysctls = {{"kernel.x", "1"}};
    plan.captures_ns = {100'000'000, 900'000'000};
    CgroupSpec cold;
    cold.name = "cold";
    plan.backdrop = {Op{AddCgroup{hot()}, at(10)}, Op{AddCgroup{cold}, at(11)}};
    Step step;
    step.name = "all";
    step.ops = ops();
    step.hold_ns = 1'000'000'000;
    step.loop = {Op{SwapCpusets{"hot", "cold"}, at(25)}};
    step.every_ns = 100'000'000;
    step.source = at(19);
    plan.steps = {step};
    plan.expectations = expectations();
    plan.checks = {{"drained", "claim('x')", true, at(40)}};
    plan.parameters = {{"workers", "4"}};
    return plan;
}

} // namespace ktstr::test
