// SPDX-License-Identifier: GPL-2.0-only
#include "cli/repro.h"

#include "interp/eval/evaluate.h"
#include "interp/eval/repro.h"
#include "report/repro.h"

namespace ktstr::cli {

bool wants_repro(const report::ScenarioResult& result, bool asked) {
    const bool expected = result.plan.expects(plan::Expectation::Kind::repro);
    if (!expected && !(asked && result.verdict.outcome == eval::Outcome::fail)) return false;
    return !eval::failure_class(result.plan, result.record, result.verdict).empty();
}

void make_again(report::ScenarioResult& result, const std::function<plan::Record()>& run) {
    report::ScenarioResult again = result;
    again.record = run();
    again.duration_ms = again.record.duration_ms;
    if (again.record.end == plan::RunEnd::interrupted) {
        result.record.repro.reason = "it was interrupted";
        return;
    }
    again.verdict = eval::evaluate(again.plan, again.record);
    auto files = report::repro_files(result, again);
    if (!files) {
        result.record.repro = {.attempted = true, .reason = "its record cannot be kept: " + files.error().text()};
        return;
    }
    result.record.repro = report::read_repro(*files, result.plan);
    result.beside = std::move(*files);
}

} // namespace ktstr::cli
