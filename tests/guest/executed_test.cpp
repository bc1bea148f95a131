// SPDX-License-Identifier: GPL-2.0-only
// The plan's room says what the executor does; the executor's own tables must agree, or a plan would be refused that
// could run, or run into an error in the guest.
#include <catch2/catch_test_macros.hpp>

#include "guest/scenario_runner.h"
#include "guest/work/table.h"
#include "interp/plan/requirements.h"
#include "interp/plan/work_types.h"

using namespace ktstr;

TEST_CASE("exactly the ops that the plan's room calls executed are those that the executor has") {
    std::vector<std::string> claimed;
    for (const auto& name : plan::op_names())
        if (plan::is_executed_op(name)) claimed.push_back(name);
    CHECK(claimed == guest::ScenarioRunner::executed_ops());
}

TEST_CASE("every work type has a work loop") {
    for (const auto& type : plan::work_types()) {
        INFO(type.name);
        CHECK(guest::find_work_loop(type.name) != nullptr);
    }
}
