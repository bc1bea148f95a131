// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <cmath>
#include <numeric>

#include "interp/check/value.h"
#include "interp/compile/lower.h"

namespace ktstr::lower {

namespace {

std::uint64_t share(std::uint64_t whole, double fraction) {
    return static_cast<std::uint64_t>(std::llround(static_cast<double>(whole) * fraction));
}

// What the scenario says; else the sum, if every step has a fixed time.
std::uint64_t written_duration(const model::Scenario& scenario) {
    if (scenario.duration_ns) return *scenario.duration_ns;
    std::uint64_t sum = 0;
    for (const auto& step : scenario.steps) {
        if (!step.hold.fixed_ns) return default_duration_ns;
        sum += *step.hold.fixed_ns;
    }
    return sum;
}

std::string shown(std::uint64_t ns) { return check::show_duration(static_cast<std::int64_t>(ns)); }

// Scales the holds so that they last `target` in all.
void scale(std::vector<std::uint64_t>& holds, std::uint64_t target) {
    const auto total = std::accumulate(holds.begin(), holds.end(), std::uint64_t{0});
    std::uint64_t left = target;
    for (std::size_t i = 0; i < holds.size(); ++i) {
        const bool last = i + 1 == holds.size();
        const std::uint64_t scaled = share(target, static_cast<double>(holds[i]) / static_cast<double>(total));
        holds[i] = last && holds[i] > 0 ? left : std::min(scaled, left);
        left -= holds[i];
    }
}

} // namespace

std::vector<std::uint64_t> step_holds(const model::Scenario& scenario, const CompileOptions& options,
                                      Diagnostics& diagnostics) {
    const std::uint64_t duration = written_duration(scenario);
    const std::uint64_t slack = scenario.steps.size(); // ns, for shares that were rounded
    std::vector<std::uint64_t> holds;
    std::uint64_t total = 0;
    std::uint64_t open = 0;
    for (const auto& step : scenario.steps) {
        const bool says_nothing = !step.hold.fixed_ns && !step.hold.fraction;
        open += says_nothing ? 1 : 0;
        holds.push_back(step.hold.fixed_ns.value_or(share(duration, step.hold.fraction.value_or(0))));
        total += holds.back();
        if (total > duration + slack) {
            diagnostics.add(Code::holds_exceed_duration, step.hold.span,
                            "the holds up to here add up to " + shown(total) + ", the duration is " + shown(duration),
                            "make the holds shorter, or the scenario's `duration` longer");
            return holds;
        }
        if (says_nothing && duration == 0) break;
    }
    const std::uint64_t rest = duration > total ? duration - total : 0;
    for (std::size_t i = 0; i < holds.size(); ++i) {
        const auto& hold = scenario.steps[i].hold;
        if (hold.fixed_ns || hold.fraction) continue;
        holds[i] = rest / open;
        if (holds[i] == 0)
            diagnostics.add(Code::holds_exceed_duration, hold.span, "the other steps leave no time for this one",
                            "say how long it lasts, as in: for 20%");
        total += holds[i];
    }
    if (total == 0 && !scenario.steps.empty())
        diagnostics.add(Code::holds_exceed_duration, scenario.span, "the scenario lasts no time at all",
                        "give a step a hold");
    else if (options.duration_ns && !holds.empty())
        scale(holds, *options.duration_ns);
    return holds;
}

} // namespace ktstr::lower
