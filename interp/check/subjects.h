// SPDX-License-Identifier: GPL-2.0-only
// What an expectation speaks of. An upper bound, a lower bound and a band of one term in one cgroup are subjects: a
// later layer that says something of the same subject takes the place of what an earlier one said. All other formulas
// are subjects of their own.
#pragma once

#include "interp/check/model.h"

namespace ktstr::check {

// Whether one takes the place of the other: `gap <= 2s` and `gap <= 1s`, but not `gap >= 1ms`. A band (`within`, `==`)
// has both sides.
bool same_subject(const model::Expectation& a, const model::Expectation& b);

// Whether `off`, a term that is switched off, is what the expectation begins with: all its bounds and patterns.
bool switches_off(const model::Expectation& off, const model::Expectation& expectation);

// The same, whatever the cgroups.
bool switches_off_elsewhere(const model::Expectation& off, const model::Expectation& expectation);

} // namespace ktstr::check
