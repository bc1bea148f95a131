// SPDX-License-Identifier: GPL-2.0-only
// What a formula over series looked at, for those who draw it: the samples of its terms, the bounds that they are held
// against, and the sample that decides.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "interp/plan/plan.h"

namespace ktstr::eval {

class Evaluation;

struct JudgedSeries {
    struct Sample {
        std::int64_t at_ns = 0;
        double value = 0; // NaN: there is none
    };
    std::string written;            // "rate(bpf.nr_dispatched)"
    std::optional<double> low;      // what it is held against, where that is a number
    std::optional<double> high;     // the same as `low` for ==
    std::vector<Sample> samples;    // in the order of their times, most_judged_samples at most
    std::string decides;            // the sample that refutes the formula, or came closest: "periodic_004"; or empty
    std::int64_t decides_at_ns = 0; // when it was taken
};

constexpr std::size_t most_judged_series = 4; // of one formula
constexpr std::size_t most_judged_samples = 256;

// `refuted`: the formula does not hold. Of one that holds there is no sample that decides.
std::vector<JudgedSeries> judged_series(Evaluation& evaluation, const plan::Formula& formula, bool refuted);

// All of them, if there are no more than `count`. Else of each of count / 2 stretches the least and the greatest value,
// or a gap, if there is one in it.
std::vector<JudgedSeries::Sample> thinned(const std::vector<JudgedSeries::Sample>& samples, std::size_t count);

// {"written", "low", "high", "decides": {"tag", "at_ns"} or null, "samples": {"at_ns": [...], "values": [...]}}; a
// value may be null
nlohmann::json to_json(const JudgedSeries& series);

} // namespace ktstr::eval
