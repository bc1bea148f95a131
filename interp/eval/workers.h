// SPDX-License-Identifier: GPL-2.0-only
// What is measured of a group of workers, in one place for `gap <= 2s` and for `2 * gap <= 4s`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "interp/plan/latencies.h"
#include "interp/plan/record.h"

namespace ktstr::eval {

using Workers = std::vector<const plan::WorkerReport*>;

// Those of the cgroup and of all below it; of all cgroups if it is empty.
Workers workers_of(const plan::Record& record, const std::string& cgroup);

// Longest time in ns that the worker was kept from its work. One that never came to it has measured none: it was kept
// from it all its life.
double gap_of(const plan::WorkerReport& worker);

// How long at least one of the workers lived, in ns: a cgroup of one step is not judged by the length of the whole run.
// There is at least one.
double lived_ns(const Workers& workers);

// Workers that can be compared with each other: of one cgroup, one step and one work type; in this order.
std::vector<Workers> comparable(const Workers& workers);

// Work units per second of its life; there is one.
double rate_of(const plan::WorkerReport& worker);

// (most - least) / mean of the work units per second among workers that can be compared. None if one of them had no
// time to work in, or none did any work.
std::optional<double> spread_of(const Workers& group);
// That of the worst group of two or more; none if there is no such group, or one has none.
std::optional<double> worst_spread_of(const Workers& workers);

// The wake latencies of all workers together.
plan::MergedLatencies wake_latencies_of(const Workers& workers);

// Work units per second of lived_ns(), of all workers together; none if they did not live.
std::optional<double> throughput_of(const Workers& workers);

} // namespace ktstr::eval
