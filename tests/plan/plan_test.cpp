// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/plan.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "full_plan.h"

using namespace ktstr::plan;
using ktstr::test::formula_of;
using ktstr::test::full_plan;

namespace {

// The message with which the plan is refused; "" if it is not.
std::string refusal(const nlohmann::json& json) {
    const auto read = plan_from_json(json);
    return read ? "" : read.error().message;
}

} // namespace

TEST_CASE("a plan with one of everything survives its JSON form unchanged") {
    const Plan plan = full_plan();
    const auto read = plan_from_json(to_json(plan));
    if (!read) FAIL(read.error().message);
    CHECK(canonical_bytes(*read) == canonical_bytes(plan));
    CHECK(plan_hash(*read) == plan_hash(plan));
    CHECK(read->expects(Expectation::Kind::error));
    REQUIRE(read->initial_scheduler() != nullptr);
    CHECK(read->initial_scheduler()->binary == "scx_s");
    CHECK(read->topology == plan.topology);
}

TEST_CASE("every op name is that of one op, and the full plan has each of them") {
    REQUIRE(op_names().size() == std::variant_size_v<Op::Action>);
    CHECK(Op{AddCgroup{}, {}}.name() == "add_cgroup");
    CHECK(Op{RestartScheduler{}, {}}.name() == "restart_scheduler");
    CHECK(Op{CaptureCgroupProcs{}, {}}.name() == "capture_cgroup_procs");
    CHECK(Op{CaptureCtprof{}, {}}.name() == "capture_ctprof");
    std::set<std::string> names = {"add_cgroup"};
    const Plan plan = full_plan();
    for (const auto& op : plan.steps[0].ops) names.emplace(op.name());
    CHECK(names == std::set<std::string>(op_names().begin(), op_names().end()));
}

TEST_CASE("any difference in what is to be done changes the hash") {
    Plan plan = full_plan();
    const auto before = plan_hash(plan);
    plan.steps[0].hold_ns += 1;
    CHECK(plan_hash(plan) != before);
    plan = full_plan();
    plan.expectations.back().formula->operands[0].operands[0].source = "stats";
    CHECK(plan_hash(plan) != before);
    plan = full_plan();
    plan.payloads[0].metrics[0].name = "source";
    const auto source = plan_hash(plan);
    plan.payloads[0].metrics[0].name = "written";
    CHECK(source != plan_hash(plan));
    plan = full_plan();
    plan.parameters["source"] = "1";
    CHECK(plan_hash(plan) != before);
}

TEST_CASE("where a plan's parts stand in the source, and how they are written, does not change the hash") {
    Plan plan = full_plan();
    const auto hash = plan_hash(plan);
    const auto bytes = canonical_bytes(plan);
    plan.source.line += 7;
    plan.schedulers[0].source.file = "other.ktl";
    plan.backdrop[0].source.column += 1;
    std::get<AddCgroup>(plan.backdrop[0].action).spec.works[0].source.line += 1;
    plan.steps[0].source.line += 1;
    plan.expectations[0].written = "progress   # of all";
    plan.payloads[0].checks[0].written = "exit_code==0";
    plan.checks[0].source.line += 1;
    CHECK(plan_hash(plan) == hash);
    CHECK(canonical_bytes(plan) != bytes);
}

TEST_CASE("a damaged plan is refused by the path of what is wrong") {
    const auto good = to_json(full_plan());
    auto json = good;
    json["steps"][0]["ops"][1]["cpus"] = "3-1";
    CHECK(refusal(json).starts_with("plan.steps[0].ops[1].cpus "));
    json = good;
    json["backdrop"][0]["spec"]["works"][0]["work_type"] = "levitate";
    CHECK(refusal(json) == "plan.backdrop[0].spec.works[0].work_type 'levitate' is not known");
    json = good;
    json["steps"][0]["ops"][0]["op"] = "levitate";
    CHECK(refusal(json) == "plan.steps[0].ops[0].op 'levitate' is not known");
    json = good;
    json["plan_version"] = 99;
    CHECK(refusal(json) == "plan.plan_version is 99, this version of ktstr knows 2");
    json = good;
    json.erase("topology");
    CHECK(refusal(json) == "plan.topology is missing");
    json = good;
    json["steps"][0]["hold"] = 1;
    CHECK(refusal(json) == "plan.steps[0].hold is not known");
    json = good;
    json["sysctls"]["kernel.x"] = 1;
    CHECK(refusal(json) == "plan.sysctls.kernel.x is not a string");
    json = good;
    json["captures_ns"][1] = -1;
    CHECK(refusal(json) == "plan.captures_ns[1] is not an integer in range");
    CHECK(refusal(nlohmann::json::array()) == "plan is not an object");
}

TEST_CASE("every member of a plan is required") {
    const auto good = to_json(full_plan());
    for (const auto& [name, value] : good.items()) {
        auto json = good;
        json.erase(name);
        CHECK(refusal(json) == "plan." + name + " is missing");
    }
    for (const char* list : {"schedulers", "payloads", "expectations", "checks", "steps", "backdrop"}) {
        for (const auto& [name, value] : good[list][0].items()) {
            auto json = good;
            json[list][0].erase(name);
            CHECK(refusal(json) == std::string("plan.") + list + "[0]." + name + " is missing");
        }
    }
}

TEST_CASE("numbers are kept to their ranges") {
    const auto good = to_json(full_plan());
    const auto refused_with = [&good](const char* member, const nlohmann::json& value) {
        auto json = good;
        json[nlohmann::json::json_pointer(member)] = value;
        return refusal(json);
    };
    CHECK(refused_with("/backdrop/0/spec/cpu_weight", 10001) == "plan.backdrop[0].spec.cpu_weight is not in 1..10000");
    CHECK(refused_with("/backdrop/0/spec/works/0/nice", -21) ==
          "plan.backdrop[0].spec.works[0].nice is not in -20..19");
    CHECK(refused_with("/backdrop/0/spec/works/1/priority", 99) ==
          "plan.backdrop[0].spec.works[1].priority is not in 0..98");
    CHECK(refused_with("/backdrop/0/spec/works/1/priority", 0) ==
          "plan.backdrop[0].spec.works[1].priority is not in 1..98");
    CHECK(refused_with("/backdrop/0/spec/works/0/comm", "sixteen letters!") ==
          "plan.backdrop[0].spec.works[0].comm has more than 15 bytes");
    CHECK(refused_with("/backdrop/0/spec/works/0/deadline", nullptr) ==
          "plan.backdrop[0].spec.works[0].deadline is missing for the policy deadline");
    CHECK(refused_with("/backdrop/0/spec/works/0/deadline/runtime_ns", 6'000'000) ==
          "plan.backdrop[0].spec.works[0].deadline.runtime_ns is more than deadline_ns");
    CHECK(refused_with("/backdrop/0/spec/name", "a//b").starts_with("plan.backdrop[0].spec.name is not the path"));
    CHECK(refused_with("/backdrop/0/spec/name", "../b").starts_with("plan.backdrop[0].spec.name is not the path"));
    CHECK(refused_with("/backdrop/0/spec/cpus", "0-4") ==
          "plan.backdrop[0].spec.cpus has CPUs that the topology 2n2l2c1t:2,0 does not have");
    CHECK(refused_with("/scheduler", "nobody") == "plan.scheduler names 'nobody', which is not one of plan.schedulers");
    CHECK(refused_with("/duration_ns", 1) == "plan.duration_ns is not the sum of the holds, 1000000000");
    CHECK(refused_with("/steps/0/every_ns", 0) == "plan.steps[0].every_ns is 0, but there is a loop");
    CHECK(refused_with("/topology/llcs", 3).starts_with("plan.topology: "));
}

TEST_CASE("a formula has the operands that its kind takes") {
    auto json = to_json(full_plan());
    auto& last = json["expectations"].back()["formula"];
    const std::string kind = last["kind"];
    last["operands"] = nlohmann::json::array();
    CHECK(refusal(json).ends_with(".formula.operands has 0 formulas, but a " + kind + " takes 1"));
}

TEST_CASE("formulas may be nested 64 deep and no deeper") {
    Plan plan = full_plan();
    Formula formula = formula_of(Formula::Kind::series);
    for (int depth = 1; depth < 64; ++depth) {
        Formula outer;
        outer.kind = Formula::Kind::logical_not;
        outer.operands = {std::move(formula)};
        formula = std::move(outer);
    }
    plan.expectations.back().formula = formula;
    CHECK(refusal(to_json(plan)).empty());
    Formula outer;
    outer.kind = Formula::Kind::logical_not;
    outer.operands = {std::move(formula)};
    plan.expectations.back().formula = std::move(outer);
    CHECK(refusal(to_json(plan)).ends_with("is nested more than 64 formulas deep"));
}
