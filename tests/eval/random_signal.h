// SPDX-License-Identifier: GPL-2.0-only
// Random series for properties of the operators over time: short ones, with ties, equal times, gaps and whatever else a
// run can bring; and the smallest one that still shows a failure.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "interp/eval/patterns.h"
#include "interp/eval/temporal.h"

namespace ktstr::test {

struct RandomSample {
    int after = 1; // the sample before, ns
    eval::Slot slot = eval::Slot::value;
    double value = 0;
};

// What one property is tried on.
struct Trial {
    std::vector<RandomSample> first, second; // two series with clocks of their own
    int from = 0, length = 0, end = 1000;    // of a window; a length below 0: without an end
    int number = 1;                          // whatever the property takes it for
};

eval::Term term_of(const std::vector<RandomSample>& samples);
std::string text_of(const Trial& trial);

// Says what is wrong, or nothing.
using Property = std::function<std::optional<std::string>(const Trial& trial)>;

// Tries the property on `count` random trials, always the same ones. Of the first that fails, fails the test with the
// smallest one that can be made of it.
void for_all(int count, const Property& property);

} // namespace ktstr::test
