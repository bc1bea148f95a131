// SPDX-License-Identifier: GPL-2.0-only
// The numbers in what a payload has written.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "interp/plan/extraction.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"

namespace ktstr::eval {

struct MetricValue {
    std::string name;
    double value = 0;
    std::string unit;
    plan::Metric::Polarity better = plan::Metric::Polarity::none;
};

struct PayloadMetrics {
    std::vector<MetricValue> values; // no name twice; in the order of the output
    std::string absent;              // why there are none, or not all that the payload declares; empty if all is there
    bool unavailable = false;        // output llm: no model could be asked
    [[nodiscard]] const MetricValue* find(std::string_view name) const;
};

// By the payload's kind of output:
//   exit_code  the metric `exit_code`, if the program exited
//   json       every number of the first JSON document (an object or an array that begins a line) with its dotted path:
//              "jobs.0.read.iops"; what stands before and behind the document does not matter
//   regex      the groups of the first match; ^ and $ match at the ends of every line. A match is found if it is no
//              longer than half of `regex_window`
//   llm        the finite numbers of `extraction`, of one name the first; null: there is none
// Standard error is read if standard output gives none.
PayloadMetrics read_metrics(const plan::Payload& payload, const plan::PayloadReport& report,
                            const plan::Extraction* extraction = nullptr);

inline constexpr std::size_t regex_window = 4096; // libstdc++ matches by recursion: a longer match could end the stack

} // namespace ktstr::eval
