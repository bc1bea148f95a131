// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/names.h"
#include "interp/plan/requirements.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "full_plan.h"
#include "interp/plan/op_words.h"
#include "interp/plan/work_types.h"

using namespace ktstr::plan;

namespace {

bool lacks_what(const Plan& plan, const std::string& what) {
    const auto found = lacks(plan);
    return std::any_of(found.begin(), found.end(), [&what](const Lack& lack) { return lack.what == what; });
}

// One cgroup with one worker, held for a second.
Plan plain_plan() {
    Plan plan;
    plan.scenario = "plain";
    CgroupSpec hot;
    hot.name = "hot";
    hot.works = {ktstr::test::spin(1)};
    Step step;
    step.ops = {{AddCgroup{hot}, {"a.ktl", 3, 3}}};
    step.hold_ns = 1'000'000'000;
    plan.steps = {step};
    return plan;
}

Work& worker(Plan& plan) { return std::get<AddCgroup>(plan.steps[0].ops[0].action).spec.works[0]; }

} // namespace

TEST_CASE("a plan of what is done lacks nothing") {
    Plan plan = plain_plan();
    plan.steps[0].loop = {{SwapCpusets{"hot", "cold"}, {}}};
    worker(plan).affinity.kind = Affinity::Kind::smt_siblings;
    worker(plan).policy = Policy::deadline;
    worker(plan).uid = 1;
    worker(plan).threads = true;
    worker(plan).pcomm = "server";
    worker(plan).memory_policy = MemoryPolicy{};
    plan.schedulers.resize(1);
    plan.schedulers[0].binary = "scx_s";
    CHECK(lacks(plan).empty());
}

TEST_CASE("every op that is not executed is named with its place") {
    const Plan plan = ktstr::test::full_plan();
    for (const auto& name : op_names())
        CHECK(lacks_what(plan, "op `" + std::string(op_word(name)) + "`") == !is_executed_op(name));
    for (const auto& lack : lacks(plan)) {
        INFO(lack.what);
        CHECK(lack.source.file == "full.ktl");
        CHECK(lack.source.line > 0);
    }
}

TEST_CASE("what else is not done is named as a user would, once for each place that needs it") {
    Plan plan = plain_plan();
    Expectation expectation;
    expectation.kind = Expectation::Kind::formula;
    expectation.formula = Formula{};
    expectation.formula->kind = Formula::Kind::measure;
    expectation.formula->path = "beauty";
    expectation.source = {"a.ktl", 5, 3};
    plan.expectations = {expectation, expectation, expectation};
    plan.expectations[2].source.line = 6;
    const auto found = lacks(plan);
    REQUIRE(found.size() == 2);
    CHECK(found[0].what == "an expectation over a formula of `beauty`");
    CHECK(found[0].source.line == 5);
    CHECK(found[1].source.line == 6);
}

TEST_CASE("payloads of every kind of output can be run") {
    Plan plan = ktstr::test::full_plan();
    for (const auto& [output, name] : output_names) {
        plan.payloads[0].output = output;
        for (const auto& lack : lacks(plan)) CHECK(lack.what.find("output") == std::string::npos);
    }
}
