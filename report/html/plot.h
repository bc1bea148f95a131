// SPDX-License-Identifier: GPL-2.0-only
// Series as inline SVG. A plot fills whatever box it gets: its coordinates are thousandths of the width and hundredths
// of the height, and strokes do not scale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "interp/eval/judged.h"

namespace ktstr::report::html {

// The axis that all plots of a run share.
struct Axis {
    std::int64_t from_ns = 0;
    std::int64_t to_ns = 0;
    // Where a time lies, in percent; 0 or 100 if it lies outside.
    [[nodiscard]] double percent(std::int64_t at_ns) const;
    // Times of round numbers, about six of them.
    [[nodiscard]] std::vector<std::int64_t> ticks() const;
};

struct Plot {
    using Sample = eval::JudgedSeries::Sample;
    std::vector<Sample> samples;
    std::optional<double> low, high; // bounds to draw
    bool refuted = false;            // samples outside of the bounds are marked
};

// The values between which a plot is drawn: those of the samples, 0 and the bounds where they are not far off.
struct Range {
    double low = 0;
    double high = 1;
    bool empty = true; // no sample has a value
    double least = 0;  // of the samples
    double most = 0;
    // From the top, in percent.
    [[nodiscard]] double height(double value) const;
};
Range range_of(const Plot& plot);

// Steps from sample to sample, since a series keeps its value until the next one; nothing where there is a gap.
// Readers find the values again by data-low and data-high.
std::string svg(const Plot& plot, const Axis& axis, const Range& range);

// Of several series of one kind a band each, one below the other: the darker, the nearer to the greatest of all values.
std::string bands_svg(const std::vector<const std::vector<Plot::Sample>*>& series, const Axis& axis);

// The value in force at a time; none before the first sample and in a gap.
std::optional<double> value_at(const std::vector<Plot::Sample>& samples, std::int64_t at_ns);

} // namespace ktstr::report::html
