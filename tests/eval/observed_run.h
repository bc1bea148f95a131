// SPDX-License-Identifier: GPL-2.0-only
// Expectations over time, compiled from the language, on runs whose observations are made up.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "interp/eval/evaluate.h"
#include "tests/eval/made_up_run.h"
#include "tests/interp/compile_help.h"

namespace ktstr::test {

inline constexpr std::int64_t ms = 1'000'000;

// A plan of 10 s with the steps "one" and "two" of 5 s, a snapshot `before`, and these expectations.
inline plan::Plan plan_expecting(const std::string& expectations) {
    auto plan = plan_of("scheduler s { binary \"scx_s\" }\nscenario \"t\" { scheduler s\nduration 10s\n"
                        "step \"one\" for 50% { snapshot before }\nstep \"two\" for 50% { }\nexpect {\nprogress off\n" +
                        expectations + "\n} }");
    plan.steps[0].ops.clear();
    return plan;
}

// A run of such a plan in which all went well and nothing was observed.
inline plan::Record observed_record() {
    auto made = made_up_record();
    made.workload_ns = 10'000'000'000;
    made.duration_ms = 11'000;
    return made;
}

inline int step_at(std::int64_t at_ns) { return at_ns < 0 ? -1 : at_ns < 5000 * ms ? 0 : 1; }

// The next snapshot with this state.
inline void add_snapshot(plan::Record& record, std::int64_t at_ns, nlohmann::json state, std::string name = "") {
    plan::Snapshot snapshot;
    const std::string number = std::to_string(record.snapshots.size());
    snapshot.name = name.empty() ? "periodic_" + std::string(3 - number.size(), '0') + number : std::move(name);
    snapshot.trigger = snapshot.name.starts_with("periodic") ? "periodic" : "op";
    snapshot.at_ns = at_ns;
    snapshot.step = step_at(at_ns);
    snapshot.state = std::make_shared<const nlohmann::json>(std::move(state));
    record.snapshots.push_back(std::move(snapshot));
}

inline void add_placeholder(plan::Record& record, std::int64_t at_ns, const std::string& reason,
                            const std::string& name = "") {
    add_snapshot(record, at_ns, {}, name);
    record.snapshots.back().state = nullptr;
    record.snapshots.back().reason = reason;
}

inline nlohmann::json variable(const std::string& name, nlohmann::json value) {
    return {{"name", name}, {"scheduler", "s"}, {"live", true}, {"value", std::move(value)}};
}

// A snapshot every 100 ms from 500 ms on, with the variable `n`; none: a placeholder.
inline plan::Record record_of_n(const std::vector<std::optional<double>>& values, const std::string& name = "n") {
    auto record = observed_record();
    std::int64_t at = 500 * ms;
    for (const auto& value : values) {
        if (value)
            add_snapshot(record, at, {{"variables", {variable(name, *value)}}, {"stats", {{name, *value}}}});
        else
            add_placeholder(record, at, "the guest did not answer");
        at += 100 * ms;
    }
    return record;
}

// Monitor samples of one value, every 100 ms from 0 on.
inline void add_monitor(plan::Record& record, const std::string& name, const std::vector<double>& values) {
    record.monitor.interval_ns = 100 * ms;
    record.monitor.names = {name};
    std::int64_t at = 0;
    for (const double value : values) {
        record.monitor.samples.push_back({at, step_at(at), {value}});
        at += 100 * ms;
    }
}

inline eval::AssertionResult judged(const std::string& expectation, const plan::Record& record) {
    const auto verdict = eval::evaluate(plan_expecting("snapshot(before).ignored >= 0\n" + expectation), record);
    return verdict.assertions.back();
}

} // namespace ktstr::test
