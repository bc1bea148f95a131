// SPDX-License-Identifier: GPL-2.0-only
// What is measured of a run and can be compared: names, meanings, and what makes a difference matter.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "interp/plan/plan.h"

namespace ktstr::stats {

// How values of several runs become one, where one is asked for (aggregate()). A comparison takes means, whatever the
// kind: the largest of ten runs is no measure for the largest of five.
enum class Kind {
    counter, // their sum
    gauge,   // their mean
    peak,    // the largest
    rate,    // their mean
    ratio,   // their mean
};
std::string_view to_string(Kind kind);

using Polarity = plan::Metric::Polarity;       // which way is better
std::string_view to_string(Polarity polarity); // "higher", "lower", "neither"

// One metric, or one for each of many names: then `name` has words in capitals, as "latency.NAME.p99_ns".
struct Definition {
    std::string name;
    std::string summary;
    std::string unit; // "ns", "ms", "1/s", "ratio", "bytes", or empty
    Kind kind = Kind::gauge;
    Polarity better = Polarity::none;
    // A change counts if it is at least both of these. Only metrics that have a better way are judged.
    double absolute_gate = 0; // in `unit`
    double relative_gate = 0; // of the baseline's mean
    bool exact = false;       // the same in each run of a build, so that there is no chance to be tested for
};
const std::vector<Definition>& definitions();

// The definition that a metric's name falls under; that of payloads' metrics if it falls under no other.
const Definition& definition_of(std::string_view name);

double aggregate(Kind kind, std::span<const double> values); // not of none

// The value for people, with its unit: "12.3 ms", "45.6 k/s", "22.4 %".
std::string human_value(double value, std::string_view unit);

// A metric of a pool. Payloads say by themselves what unit theirs has and which way is better.
struct Metric {
    std::string name;
    std::string unit;
    Polarity better = Polarity::none;
    const Definition* definition = nullptr;
};

// Names of metrics as numbers, so that a pool does not keep each name ten thousand times.
class MetricTable {
  public:
    // The number of this metric, which is added if it is new. The first one to name it says its unit and polarity.
    std::uint32_t add(std::string_view name);
    std::uint32_t add(std::string_view name, std::string_view unit, Polarity better);
    [[nodiscard]] const Metric& operator[](std::uint32_t id) const { return metrics_[id]; }
    [[nodiscard]] std::size_t size() const { return metrics_.size(); }
    // Those that are there.
    [[nodiscard]] const std::vector<Metric>& all() const { return metrics_; }

  private:
    std::vector<Metric> metrics_;
    std::map<std::string, std::uint32_t, std::less<>> ids_;
};

} // namespace ktstr::stats
