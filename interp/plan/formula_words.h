// SPDX-License-Identifier: GPL-2.0-only
// Expectations in the words of the language again, with every name of a value replaced by what it came to.
#pragma once

#include <string>

#include "interp/plan/plan.h"

namespace ktstr::plan {

// "p99(run_delay, hot)", "2 * migrations"; numbers in the unit of what they stand beside or are compared with.
std::string formula_words(const Formula& formula);

// "spread(hot) <= 15%"
std::string expectation_words(const Expectation& expectation);

// What the expectation came to where its source names values: "60%" of `spread <= bound`, else all of it. Empty where
// the source says it itself.
std::string resolved_words(const Expectation& expectation);

} // namespace ktstr::plan
