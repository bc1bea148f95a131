// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/plan.h"

#include <catch2/catch_test_macros.hpp>

#include "interp/plan/work_types.h"

using namespace ktstr::plan;

namespace {

Work spin(int workers) {
    Work work;
    work.name = "spin";
    work.work_type = "spin_wait";
    work.workers = workers;
    return work;
}

// A plan with one of every op and every kind of expectation.
Plan full_plan() {
    Plan plan;
    plan.scenario = "everything";
    plan.source = {"a.ktl", 1, 1};
    plan.topology = {1, 2, 2, 1};
    plan.memory_bytes = 512U << 20U;
    plan.duration_ns = 3'000'000'000;
    plan.scheduler = Scheduler{"s", "scx_s", {"--a"}, {}};
    plan.kernel_args = {"nosmt"};
    plan.sysctls = {{"kernel.x", "1"}};
    CgroupSpec hot{
        .name = "hot", .cpus = CpuSet::range(0, 1), .mems = CpuSet::range(0, 0), .cpu_weight = 50, .works = {spin(2)}};
    plan.backdrop = {Op{AddCgroup{hot}, {}}};
    Step step{.name = "all", .hold_ns = 1'000'000'000};
    step.ops = {Op{RemoveCgroup{"x", true}, {}},
                Op{SetCpuset{"hot", CpuSet::range(2, 3), CpuSet::range(0, 0)}, {}},
                Op{ClearCpuset{"hot"}, {}},
                Op{SwapCpusets{"hot", "cold"}, {}},
                Op{Spawn{"", spin(1)}, {}},
                Op{StopCgroup{"hot"}, {}},
                Op{SetAffinity{"hot", {Affinity::Kind::exact, CpuSet::range(1, 1)}}, {}},
                Op{MoveAllTasks{"hot", "cold"}, {}},
                Op{FreezeCgroup{"hot"}, {}},
                Op{UnfreezeCgroup{"hot"}, {}},
                Op{AttachScheduler{}, {}},
                Op{DetachScheduler{}, {}},
                Op{RestartScheduler{}, {}}};
    plan.steps = {step};
    plan.expectations = {
        {.kind = Expectation::Kind::spread, .cgroup = "hot", .value = 0.15, .written = "spread(hot) <= 15%"},
        {.kind = Expectation::Kind::error, .text = "stall", .written = "error contains \"stall\""}};
    return plan;
}

} // namespace

TEST_CASE("a plan survives its JSON form unchanged") {
    const Plan plan = full_plan();
    const auto read = plan_from_json(to_json(plan));
    REQUIRE(read);
    CHECK(canonical_bytes(*read) == canonical_bytes(plan));
    CHECK(plan_hash(*read) == plan_hash(plan));
    CHECK(read->expects_error());
}

TEST_CASE("every op name is that of one op") {
    REQUIRE(op_names().size() == std::variant_size_v<Op::Action>);
    CHECK(Op{AddCgroup{}, {}}.name() == "add_cgroup");
    CHECK(Op{RestartScheduler{}, {}}.name() == "restart_scheduler");
    CHECK(Op{MoveAllTasks{}, {}}.name() == "move_all_tasks");
}

TEST_CASE("any difference changes the hash") {
    Plan plan = full_plan();
    const auto before = plan_hash(plan);
    plan.steps[0].hold_ns += 1;
    CHECK(plan_hash(plan) != before);
}

TEST_CASE("a damaged plan is refused by the path of what is wrong") {
    auto json = to_json(full_plan());
    json["steps"][0]["ops"][1]["cpus"] = "3-1";
    auto read = plan_from_json(json);
    REQUIRE_FALSE(read);
    CHECK(read.error().message.find("plan.steps[0].ops[1].cpus") != std::string::npos);

    json = to_json(full_plan());
    json["backdrop"][0]["spec"]["works"][0]["work_type"] = "levitate";
    read = plan_from_json(json);
    REQUIRE_FALSE(read);
    CHECK(read.error().message.find("levitate") != std::string::npos);

    json = to_json(full_plan());
    json["plan_version"] = 99;
    CHECK_FALSE(plan_from_json(json));
    json = to_json(full_plan());
    json.erase("topology");
    read = plan_from_json(json);
    REQUIRE_FALSE(read);
    CHECK(read.error().message == "plan.topology is missing");
}

TEST_CASE("work parameters are required and kept to their range") {
    auto json = to_json(full_plan());
    auto& work = json["backdrop"][0]["spec"]["works"][0];
    work["work_type"] = "bursty";
    CHECK_FALSE(plan_from_json(json));
    work["parameters"] = {{"burst", 1'000'000}, {"sleep", 1}};
    CHECK_FALSE(plan_from_json(json));
    work["parameters"]["sleep"] = 1'000'000;
    CHECK(plan_from_json(json));
}

TEST_CASE("the catalogue's defaults are within its limits and its names are unique") {
    for (const auto& type : work_types()) {
        INFO(type.name);
        CHECK(find_work_type(type.name) == &type);
        CHECK(type.group_size >= 1);
        for (const auto& parameter : type.parameters) {
            CHECK(parameter.default_value >= parameter.minimum);
            CHECK(parameter.default_value <= parameter.maximum);
        }
    }
}
