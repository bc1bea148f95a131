// SPDX-License-Identifier: GPL-2.0-only
// What a handful of measurements says, and whether two handfuls differ.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace ktstr::stats {

struct Summary {
    std::size_t count = 0;
    double mean = 0;
    double sd = 0; // of the sample (n - 1); 0 with less than two values
    double least = 0;
    double most = 0;
};
Summary summarize(std::span<const double> values);

// Whether two means differ, without taking the two variances for equal (Welch 1947; degrees of freedom by
// Satterthwaite).
struct Welch {
    double t = 0;
    double degrees = 0; // of freedom
    double p = 1;       // two-sided
};
// None if a side has less than two values. Where neither side varies, equal means have p = 1 and others p = 0.
std::optional<Welch> welch(const Summary& a, const Summary& b);

// Whether all values of one side lie beyond all of the other. Empty sides are not.
bool disjoint(const Summary& a, const Summary& b);

// The p values adjusted for how many there are (Holm 1979): to compare each with the level keeps the chance of
// a single false alarm among them at that level, however they depend on each other. In the order of `p`.
std::vector<double> holm(std::span<const double> p);

} // namespace ktstr::stats
