// SPDX-License-Identifier: GPL-2.0-only
// What a pool has: its runs, values to filter by, hosts, and files that could not be read.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "stats/compare.h"
#include "stats/comparison_output.h"
#include "stats/pool.h"

namespace ktstr::stats {

struct RunLine {
    std::string run;
    std::string last; // timestamp of its latest record
    std::vector<std::string> kernels;
    std::vector<std::string> commits;
    Endings endings;
    std::size_t unreadable = 0;
};
std::vector<RunLine> list_runs(const Pool& pool, const std::vector<const Row*>& rows); // the latest first
std::string runs_text(const std::vector<RunLine>& runs, const TextOptions& options);
nlohmann::json runs_json(const std::vector<RunLine>& runs);

std::string definitions_text(const TextOptions& options);
nlohmann::json definitions_json();

// By dimension the values that records have, and how many have each. A record without one is under "".
using DimensionValues = std::map<std::string, std::map<std::string, std::size_t>>;
DimensionValues list_values(const std::vector<const Row*>& rows);
std::string values_text(const DimensionValues& values, const TextOptions& options);

// A host as records describe it: names like "sched_tunables.base_slice_ns" and values. One for each description
// that differs.
struct Host {
    std::map<std::string, std::string> facts;
    std::size_t records = 0;
};
// Of records without a description (version 1) there is none.
std::vector<Host> hosts_of(const std::vector<const Row*>& rows);
std::string hosts_text(const std::vector<Host>& hosts, const TextOptions& options);
nlohmann::json hosts_json(const std::vector<Host>& hosts);

// Facts in which two runs' hosts differ: all values of each side, joined.
struct HostDifference {
    std::string fact;
    std::string a;
    std::string b;
};
std::vector<HostDifference> differences(const std::vector<Host>& a, const std::vector<Host>& b);
std::string differences_text(const std::vector<HostDifference>& found, const TextOptions& options);
nlohmann::json differences_json(const std::vector<HostDifference>& found);

std::string explained_text(const std::vector<Unreadable>& files, const TextOptions& options);
nlohmann::json explained_json(const std::vector<Unreadable>& files);

} // namespace ktstr::stats
