// SPDX-License-Identifier: GPL-2.0-only
// A run on one axis of workload time: what traces, pages and failure reports draw.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "interp/eval/judged.h"
#include "interp/plan/record.h"

namespace ktstr::report {

struct Timeline {
    using Sample = eval::JudgedSeries::Sample;
    static constexpr double gap = std::numeric_limits<double>::quiet_NaN(); // the value where a line ends

    struct Step {
        std::string name;
        int step = 0;
        std::int64_t from_ns = 0;
        std::int64_t to_ns = 0; // of a step without an end in the record: the last event
    };
    // An op, or a scheduler that came or went.
    struct Event {
        std::int64_t at_ns = 0;
        std::string name; // "set_cpuset", "scheduler_attached"
        std::string detail;
        int step = -1;
    };
    // A snapshot without what is in it.
    struct Capture {
        std::int64_t at_ns = 0;
        std::string name;
        std::string trigger;
        double stopped_ms = 0;
        bool placeholder = false;
        std::string reason; // of a placeholder
    };
    struct Track {
        std::string name;            // "imbalance", "nr_runs"
        bool counts = false;         // since some beginning, so that its change says more than its value
        std::vector<Sample> samples; // in the order of their times
    };

    std::int64_t from_ns = 0; // everything lies between these two
    std::int64_t to_ns = 0;
    std::vector<Step> steps;
    std::vector<Event> events;
    std::vector<Capture> captures;
    Track work;                   // units per second of all live workers between two events; a gap where some ended
    std::vector<Track> monitor;   // in the record's order
    std::vector<Track> scheduler; // the numbers that the live scheduler had in its snapshots, by name
};

Timeline timeline_of(const plan::Record& record);

// The change per second between two samples, at the earlier one; a gap where the value fell or one of them is a gap.
std::vector<Timeline::Sample> per_second(const std::vector<Timeline::Sample>& samples);

} // namespace ktstr::report
