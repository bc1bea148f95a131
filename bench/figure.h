// SPDX-License-Identifier: GPL-2.0-only
// What a bench found out: figures, printed as one JSON object per line on standard output. Nothing else goes there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace ktstr::bench {

enum class Bound { at_most, at_least };

struct Figure {
    std::string bench; // "start"
    std::string name;  // "ratio"
    double value = 0;
    std::string unit; // "ms", "MiB", "ratio"
    // What the project promises. Absent: the figure is there to understand the others.
    std::optional<double> bound = {};
    Bound direction = Bound::at_most;

    [[nodiscard]] bool holds() const;
    // {"bench","figure","value","unit","bound","holds"}; the bound is null if there is none, and then it holds.
    [[nodiscard]] std::string json() const;
};

// Prints the figures, or the error on standard error; returns the program's exit code. A bound that does not hold is a
// result like another: the exit code is 1 only if the bench could not measure.
int finish(const Result<std::vector<Figure>>& figures);

// The middle value; of an even number of values the mean of the middle two. `values` is not empty.
double median(std::vector<double> values);

} // namespace ktstr::bench
