// SPDX-License-Identifier: GPL-2.0-only
// Series: what was observed of one thing, sample by sample.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "interp/eval/observed.h"
#include "interp/eval/signal.h"
#include "interp/plan/record.h"

namespace ktstr::eval {

struct Series {
    std::string name;   // "bpf.nr_dispatched"
    std::string absent; // why there is no value at all; empty if there is one
    TimelinePtr timeline;
    std::vector<double> values;                 // NaN where there is none
    std::vector<Slot> slots;                    // value or missing
    std::map<std::size_t, std::string> reasons; // of those that are missing

    [[nodiscard]] std::size_t size() const { return slots.size(); }
    // To calculate with. A series without any value is undefined throughout.
    [[nodiscard]] Term term() const;
};

// Of one of
//   bpf.PATH      a variable of the scheduler; a sample for each snapshot, whatever took it
//   stats.PATH    what the scheduler says of itself; the same samples
//   host.NAME     CPU time, as the host reads it; the same samples
//   monitor.NAME  a sample for each of the monitor's, with the tags monitor_000, monitor_001, ...
// in the order of their times. A sample that has no such value has the reason; nothing fails as a whole but a name that
// begins with none of these.
Result<Series> project(const plan::Record& record, std::string_view name);

// The series of a run, each made when it is asked for first.
class RunSeries {
  public:
    explicit RunSeries(const plan::Record& record);
    // Without a sample, and the reason in `absent`, where there is no series of that name. Stays where it is.
    const Series& get(const std::string& name);

  private:
    const plan::Record& record_;
    std::map<std::string, Series> made_;
    std::vector<std::optional<Variables>> variables_; // of each snapshot, once they are asked for
};

// {"name", "samples": [{"tag", "at_ns", "phase", "value" or "gap": why}]}, as Lua checks have it.
nlohmann::json to_json(const Series& series);

} // namespace ktstr::eval
