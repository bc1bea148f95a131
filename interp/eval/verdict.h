// SPDX-License-Identifier: GPL-2.0-only
// What the evaluator says of a run. Plain data.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "interp/eval/judged.h"
#include "interp/eval/outcome.h"
#include "interp/plan/plan.h"

namespace ktstr::eval {

struct AssertionResult {
    Outcome outcome = Outcome::skip;
    std::string kind;    // an Expectation::Kind, or what every run must do: "run" (come to its end), "workers" (report,
                         // and live until they are stopped), "expectations" (there is one),
                         // "payload" (do what it must), "check"
    std::string cgroup;  // empty: the whole scenario
    std::string written; // as in the source; empty for what every run must do
    plan::SourcePosition source;
    std::optional<double> value; // seen; in `unit`
    std::optional<double> bound; // in `unit`
    std::string unit;            // "ns", "ratio", "work_units_per_s", "work_units", "iterations", "workers", or empty
    std::string message;         // for the user, one line or a few; may hold text out of the guest, in any encoding
    std::string hint;
    std::vector<std::string> notes; // of what was observed and could not be looked at
    bool asks_skip = false;         // of the scenario as a whole: a check, or a payload whose model is not there
    std::optional<double> margin;   // of a formula: how far it is from the other answer (docs/language.md, Robustness)

    std::vector<JudgedSeries> judged; // of a formula over series

    // The margin, or the signed distance to the bound in `unit`: positive holds with that much to spare. None without
    // either.
    [[nodiscard]] std::optional<double> robustness() const;
    plan::Comparison comparison = plan::Comparison::less_equal; // how value is compared to bound
};

struct Verdict {
    Outcome outcome = Outcome::skip;
    bool expected_failure = false; // it failed the way its `error` and `repro` expectations ask for
    std::vector<AssertionResult> assertions;

    // What made it fail, or made it inconclusive.
    [[nodiscard]] std::vector<const AssertionResult*> failures() const;
    // Of a skipped one: what asked for it, else the first that was skipped; null if there is none.
    [[nodiscard]] const AssertionResult* skipped_by() const;
};

nlohmann::json to_json(const AssertionResult& result);
nlohmann::json to_json(const Verdict& verdict);

} // namespace ktstr::eval
