// SPDX-License-Identifier: GPL-2.0-only
// What the payloads of a run have done: their metrics, and whether they did what they must.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "interp/eval/payload_metrics.h"
#include "interp/eval/verdict.h"

namespace ktstr::eval {

// The plan's payload of this name; null: there is none.
const plan::Payload* find_payload(const plan::Plan& plan, const std::string& name);

// "payload bench in box".
std::string words_for(const plan::PayloadReport& report);

// The reports with "metrics" ({name, value, unit, better}) and "absent", as sidecars and Lua checks have them.
nlohmann::json payloads_json(const plan::Plan& plan, const plan::Record& record);

// All metrics in one list, with "payload" and "cgroup"; `declared`: only those that the payload declares.
nlohmann::json metrics_json(const plan::Plan& plan, const plan::Record& record, bool declared);

// Of every run of every payload: that it could be started and ended by itself or by an op, within its time; that it
// exited with 0, unless its own checks speak of its exit code; and its own checks. A program that the scenario has
// ended need not have exited well, and need not have written its metrics: what it has not written is not judged.
std::vector<AssertionResult> judge_payloads(const plan::Plan& plan, const plan::Record& record);

// The value of a formula's payload term: of the last run if there were several. None if there is no such metric.
std::optional<double> payload_value(const plan::Formula& term, const plan::Plan& plan, const plan::Record& record);
// Whether the metrics of that run are not there because no model could be asked.
bool payload_lacks_model(const plan::Formula& term, const plan::Plan& plan, const plan::Record& record);
// "latency.p99 is 12 us", or why it is not there.
std::string payload_words(const plan::Formula& term, const plan::Plan& plan, const plan::Record& record);

} // namespace ktstr::eval
