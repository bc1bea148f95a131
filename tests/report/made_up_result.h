// SPDX-License-Identifier: GPL-2.0-only
// Judged runs for the reporters: one that passed, one with everything awkward that a guest can send.
#pragma once

#include <string>

#include "interp/eval/evaluate.h"
#include "report/result.h"
#include "report/variant.h"
#include "tests/eval/made_up_run.h"

namespace ktstr::test {

inline report::ScenarioResult judged(plan::Plan plan, plan::Record record) {
    report::ScenarioResult result;
    result.verdict = eval::evaluate(plan, record);
    result.plan = std::move(plan);
    result.file = "scenarios/even.ktl";
    result.variant = report::variant_hash(result.plan);
    result.kernel = "6.12.57";
    result.duration_ms = record.duration_ms;
    result.record = std::move(record);
    return result;
}

inline report::ScenarioResult passed_result() {
    auto plan = made_up_plan();
    plan.expectations = {expectation(plan::Expectation::Kind::progress, "progress")};
    auto result = judged(std::move(plan), made_up_record());
    result.sidecar = "out/even+split.ktstr.json";
    return result;
}

inline report::ScenarioResult failed_result() {
    auto plan = made_up_plan();
    plan.scenario = "uneven <split> & \"co\"";
    plan.source.line = 20;
    attach(plan, "scx_ktstr", {"--unfair"});
    auto spread = expectation(plan::Expectation::Kind::spread, "spread(hot) <= 15%", 0.15);
    plan.expectations = {spread, expectation(plan::Expectation::Kind::progress, "progress")};
    auto record = made_up_record();
    record.workers[3].work_units = 2400;
    record.workers[1].work_units = 1920;
    record.workers[3].work = "\x1b[31mred\x07";
    record.scheduler_log =
        "half a character \xE2\x82 then \x1b[2Jcleared\r\nbell \x07 and NUL " + std::string(1, '\0') + "\n";
    for (int i = 0; i < 1000; ++i) record.console += "console line " + std::to_string(i) + " <&\">\n";
    record.console += std::string(100'000, 'x') + "\n";
    auto result = judged(std::move(plan), std::move(record));
    result.sidecar = "out/uneven.ktstr.json";
    return result;
}

} // namespace ktstr::test
