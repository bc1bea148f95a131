// SPDX-License-Identifier: GPL-2.0-only
// The metrics of one run, made of what its record has measured.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "interp/plan/observation.h"
#include "interp/plan/record.h"
#include "stats/metrics.h"
#include "stats/row.h"

namespace ktstr::stats {

class Measured {
  public:
    explicit Measured(MetricTable& metrics) : metrics_(metrics) {}

    void add(std::string_view name, double value);
    // By the evaluator's own functions (interp/eval/workers.h) where an expectation is of the same thing.
    void add_workers(const std::vector<plan::WorkerReport>& workers);
    // One value of the monitor's summary (report/observed.h).
    void add_monitor(std::string_view name, double mean, double most, std::optional<double> per_second);
    void add_programs(const std::vector<plan::BpfProgram>& programs);
    // Of a payload that ran several times the last run counts, as for expectations.
    void add_payload(std::string_view payload, std::string_view name, double value, std::string_view unit,
                     Polarity better);
    void add_phase(std::string_view phase, double host_ms);

    // By metric; of one that was added twice the last.
    std::vector<Value> take();

  private:
    void add_latencies(const std::vector<plan::WorkerReport>& workers);

    MetricTable& metrics_;
    std::vector<Value> values_;
};

} // namespace ktstr::stats
