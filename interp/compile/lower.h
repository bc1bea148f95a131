// SPDX-License-Identifier: GPL-2.0-only
// The last pass: typed model and topology to a plan. Reports what does not fit the topology.
#pragma once

#include "interp/check/model.h"
#include "interp/compile/compile.h"
#include "interp/diagnostics/diagnostic.h"

namespace ktstr::lower {

// The plan of the scenario; worth nothing if something was reported.
plan::Plan lower(const model::Scenario& scenario, const CompileOptions& options, Diagnostics& diagnostics);

// --- holds.cpp

constexpr std::uint64_t default_duration_ns = 3'000'000'000;

// The hold of each step, in ns, from what is written: fixed times, shares of the duration, and equal parts of the rest
// for steps that say nothing. Scaled to options.duration_ns, if given.
std::vector<std::uint64_t> step_holds(const model::Scenario& scenario, const CompileOptions& options,
                                      Diagnostics& diagnostics);

// --- cpu_sets.cpp

// The CPUs of a set on a topology; empty if it does not fit, which is reported.
plan::CpuSet resolve_cpus(const model::PlacedSet& set, const plan::Topology& topology, Diagnostics& diagnostics);
plan::CpuSet resolve_nodes(const model::PlacedSet& set, const plan::Topology& topology, Diagnostics& diagnostics);

} // namespace ktstr::lower
