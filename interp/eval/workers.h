// SPDX-License-Identifier: GPL-2.0-only
// What is measured of a group of workers, in one place for `gap <= 2s` and for `2 * gap <= 4s`.
#pragma once

#include <optional>
#include <string>
#include <vector>

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

// Work units per second of lived_ns(), of all workers together; none if they did not live.
std::optional<double> throughput_of(const Workers& workers);

} // namespace ktstr::eval
