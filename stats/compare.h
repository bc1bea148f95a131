// SPDX-License-Identifier: GPL-2.0-only
// Two sides of records, pair by pair: verdicts that changed, and metrics that changed enough to matter.
//
// A metric is worse (or better) if it changed that way by its polarity, by at least both of its gates, and, where both
// sides have several runs, if Welch's test (of the logarithms where all values are above 0) says so at the level after
// Holm's correction over all metrics that are judged in the comparison, and all values of one side lie beyond all of
// the other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stats/metrics.h"
#include "stats/pool.h"
#include "stats/sides.h"
#include "stats/statistics.h"

namespace ktstr::stats {

constexpr double default_level = 0.01; // chance of a false alarm in a whole comparison

struct Rules {
    double level = default_level;
    bool single_runs = true; // whether metrics of single runs are judged, by the gates alone
};

struct Side {
    std::string label;
    std::vector<const Row*> rows;
};

// How the runs of one scenario on one side ended.
struct Endings {
    std::size_t passed = 0; // these were measured
    std::size_t failed = 0;
    std::size_t skipped = 0;
    std::size_t inconclusive = 0;
    std::size_t expected_failures = 0;
    std::string message; // of the first that failed
    void add(const Row& row);
    [[nodiscard]] std::size_t left_out() const { return failed + skipped + inconclusive + expected_failures; }
    [[nodiscard]] std::size_t total() const { return passed + left_out(); }
    [[nodiscard]] std::string words() const; // "4 passed, 1 failed"
};

enum class Judgement {
    same,
    better,
    worse,
    shown,  // the metric has no better way, so there is nothing to judge
    single, // too few runs for a judgement
};
std::string_view to_string(Judgement judgement);

struct Change {
    Metric metric;
    Summary a;
    Summary b;
    std::optional<double> relative; // of A's mean; none if that is 0
    bool beyond_gates = false;
    bool apart = false;      // disjoint()
    std::optional<double> p; // Welch's, of the logarithms where all values are above 0
    std::optional<double> adjusted_p;
    Judgement judgement = Judgement::same;
};

enum class VerdictChange { none, fails_now, fails_no_more, other };

struct Pair {
    std::string scenario;
    std::string words; // Pairing::words()
    Endings a;
    Endings b;
    VerdictChange verdict = VerdictChange::none;
    std::vector<Change> changes; // by the metric's name
    // Metrics that no run of the other side has, where runs of both were measured: there is nothing to compare them
    // with.
    std::vector<std::string> only_a;
    std::vector<std::string> only_b;
};

struct Comparison {
    std::string a; // labels
    std::string b;
    Rules rules;
    std::vector<Pair> pairs;         // of scenarios that both sides have; by name
    std::vector<std::string> only_a; // scenarios, with words()
    std::vector<std::string> only_b;
    Endings all_a;
    Endings all_b;

    [[nodiscard]] std::size_t count(Judgement judgement) const;
    [[nodiscard]] std::size_t count(VerdictChange change) const;
    [[nodiscard]] std::size_t judged() const; // metrics
    [[nodiscard]] bool can_be_judged() const; // something was compared, or a verdict changed
    [[nodiscard]] bool regressed() const;
};

Comparison compare(const Side& a, const Side& b, const MetricTable& metrics, const Pairing& pairing,
                   const Rules& rules = {});

} // namespace ktstr::stats
