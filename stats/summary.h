// SPDX-License-Identifier: GPL-2.0-only
// What the records of one run say together.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "stats/compare.h"
#include "stats/comparison_output.h"
#include "stats/pool.h"

namespace ktstr::stats {

// The worst value of a metric that has a better way, and the record that it is of.
struct Worst {
    Metric metric;
    double value = 0;
    const Row* row = nullptr;
    std::size_t records = 0; // that have the metric
};

// What the BPF verifier needed for a program: the most of all records, as it is the same each time.
struct VerifiedProgram {
    std::string name;
    double instructions = 0;
    [[nodiscard]] double part_of_limit() const;
    [[nodiscard]] bool near_limit() const;
};

struct CallbackRuns {
    std::string callback;
    double runs = 0;
    double time_ns = 0;
    [[nodiscard]] double mean_ns() const { return time_ns / runs; }
};
// Of one scenario's records together.
struct CallbackProfile {
    std::string scenario;
    std::string words;                   // Pairing::words()
    std::vector<CallbackRuns> callbacks; // by time, the most first
};

struct RunSummary {
    std::string run;
    std::string root;
    std::string first; // timestamps
    std::string last;
    std::vector<std::string> kernels; // distinct values
    std::vector<std::string> commits;
    Endings endings;
    std::vector<const Row*> failed;
    std::vector<const Row*> inconclusive;
    std::vector<Worst> worst;              // in the order of definitions()
    std::vector<VerifiedProgram> programs; // by name
    std::vector<CallbackProfile> profiles;
    std::map<std::string, double> kvm;    // mean of the records that have it
    std::vector<Unreadable> unreadable;   // of this run
    std::map<std::string, double> values; // of each metric, aggregate() of the records that were measured
};

// Of a run of the pool, those records that `chosen` has. The summary points into the pool.
RunSummary summarize_run(const Pool& pool, const std::string& run, const std::vector<const Row*>& chosen);

std::string summary_text(const RunSummary& summary, const TextOptions& options);
nlohmann::json summary_json(const RunSummary& summary);

} // namespace ktstr::stats
