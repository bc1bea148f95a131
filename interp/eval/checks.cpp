// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/checks.h"

#include <map>
#include <nlohmann/json.hpp>

#include "interp/eval/payloads.h"
#include "interp/eval/series.h"
#include "interp/lua/check.h"

namespace ktstr::eval {

namespace {

using Status = lua::CheckOutcome::Status;

CheckResult result_of(Status status) {
    switch (status) {
    case Status::passed: return CheckResult::passed;
    case Status::skipped: return CheckResult::skip_requested;
    case Status::failed: return CheckResult::failed;
    case Status::error: return CheckResult::error;
    }
    return CheckResult::error;
}

Outcome outcome_of(Status status) {
    if (status == Status::passed) return Outcome::pass;
    return status == Status::skipped ? Outcome::skip : Outcome::fail;
}

// Any series that the record can give.
class RecordedSeries : public lua::SeriesSource {
  public:
    explicit RecordedSeries(const plan::Record& record) : record_(record) {}

    const nlohmann::json* find(std::string_view name, std::string& why) override {
        const auto made = made_.find(name);
        if (made != made_.end()) return &made->second;
        const auto series = project(record_, name);
        if (!series || series->size() == 0) {
            why =
                series ? "the series '" + series->name + "' has no samples: " + series->absent : series.error().message;
            return nullptr;
        }
        return &made_.emplace(name, to_json(*series)).first->second;
    }

  private:
    const plan::Record& record_;
    std::map<std::string, nlohmann::json, std::less<>> made_;
};

std::string message_of(const plan::Check& check, const lua::CheckOutcome& outcome) {
    std::string text = "check \"" + check.name + "\": ";
    if (outcome.status == Status::passed)
        text += std::to_string(outcome.claims.size()) + (outcome.claims.size() == 1 ? " claim holds" : " claims hold");
    else
        text += (outcome.status == Status::skipped ? "skipped: " : "") + outcome.reason;
    for (const auto& claim : outcome.claims)
        if (!claim.holds) text += "\n  " + claim.name + ": " + claim.detail;
    for (const auto& note : outcome.notes) text += "\n  note: " + note;
    return text;
}

JudgedCheck run_check(const plan::Check& check, const nlohmann::json& whole, RecordedSeries& series) {
    const auto outcome = lua::run_check(check.lua, check.source.file, check.source.line, whole, {}, &series);
    JudgedCheck judged;
    judged.status = result_of(outcome.status);
    judged.result.outcome = outcome_of(outcome.status);
    judged.result.asks_skip = outcome.status == Status::skipped;
    judged.result.message = message_of(check, outcome);
    judged.result.source = check.source;
    for (const auto& claim : outcome.claims)
        if (!claim.holds) {
            judged.result.source.line = claim.line;
            break;
        }
    if (outcome.status == Status::error && outcome.line > 0) judged.result.source.line = outcome.line;
    return judged;
}

} // namespace

std::vector<JudgedCheck> judge_checks(const plan::Plan& plan, const plan::Record& record, bool run_conditional) {
    std::vector<JudgedCheck> all;
    if (plan.checks.empty()) return all;
    nlohmann::json whole = to_json(record);
    whole["plan"] = to_json(plan);
    whole["payloads"] = payloads_json(plan, record);
    RecordedSeries series(record);
    for (const auto& check : plan.checks) {
        JudgedCheck judged;
        if (run_conditional || check.always) {
            judged = run_check(check, whole, series);
        } else {
            judged.result.source = check.source;
            judged.result.message = "check \"" + check.name + "\": not judged, the run failed";
        }
        judged.result.kind = "check";
        judged.result.written = "check \"" + check.name + "\"";
        judged.always = check.always;
        all.push_back(std::move(judged));
    }
    return all;
}

} // namespace ktstr::eval
