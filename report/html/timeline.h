// SPDX-License-Identifier: GPL-2.0-only
// A run's timeline as rows over one axis: steps, ops, captures, workers, and a plot for each series.
#pragma once

#include <string>
#include <vector>

#include "interp/plan/record.h"
#include "report/html/plot.h"

namespace ktstr::report::html {

// A series that an expectation was judged by.
struct JudgedPlot {
    std::string title; // "rate(bpf.nr_dispatched)"
    Plot plot;
    std::string decides; // the sample that refutes it: "periodic_004"; or empty
    std::int64_t decides_at_ns = 0;
};

// Empty for a run that never came to its workload. What lies outside of the timeline is said below it.
std::string timeline_rows(const plan::Record& record, const std::vector<JudgedPlot>& judged);

} // namespace ktstr::report::html
