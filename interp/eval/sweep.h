// SPDX-License-Identifier: GPL-2.0-only
// What the operators over time share: windows that move over samples, and what is so throughout one. Private to the
// room.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "interp/eval/signal.h"
#include "interp/eval/temporal.h"

namespace ktstr::eval {

inline bool certain(Truth truth) { return truth == Truth::yes || truth == Truth::no; }

// NaN is no number: the other one then.
inline double least(double left, double right) {
    if (std::isnan(left)) return right;
    return right < left ? right : left;
}

inline double most(double left, double right) { return -least(-left, -right); }

inline Condition empty_like(const TimelinePtr& timeline, std::size_t size) {
    return {timeline, std::vector<Truth>(size, Truth::skipped), std::vector<double>(size, nan)};
}

inline std::int64_t later(std::int64_t time_ns, std::int64_t by_ns) {
    constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
    return time_ns > 0 && by_ns > last - time_ns ? last : time_ns + by_ns;
}

// Samples [first, end) of a window.
struct Range {
    std::size_t first = 0;
    std::size_t end = 0;
    bool cut_off = false; // it reaches beyond what was observed
};

// The ranges of one window, looked at from one sample after the other.
class Ranges {
  public:
    Ranges(const Timeline& timeline, const Window& window) : at_(timeline.at_ns), window_(window) {}

    Range from(std::size_t sample) { return from_time(at_[sample], sample); }

    // From a time at or after those of all calls before. No sample before `sample` belongs to it.
    Range from_time(std::int64_t time_ns, std::size_t sample) {
        const std::int64_t begin = later(time_ns, window_.from_ns);
        const std::int64_t end = window_.to_ns ? later(time_ns, *window_.to_ns) : begin;
        first_ = std::max(first_, sample);
        while (first_ < at_.size() && at_[first_] < begin) ++first_;
        const bool exact = first_ < at_.size() && at_[first_] == begin;
        Range range{exact || first_ == sample ? first_ : first_ - 1, at_.size(), false};
        if (!window_.to_ns) return range;
        end_ = std::max(end_, range.first);
        while (end_ < at_.size() && at_[end_] <= end) ++end_;
        range.end = end_;
        range.cut_off = end > window_.end_ns;
        return range;
    }

  private:
    const std::vector<std::int64_t>& at_;
    const Window& window_;
    std::size_t first_ = 0; // the first sample at or after the window's begin
    std::size_t end_ = 0;   // the first one behind its end
};

// The least (or, of `any`, the greatest) number of a range whose ends only move forward: a monotonic wedge.
template <bool all> class Extreme {
  public:
    explicit Extreme(const std::vector<double>& values) : values_(values), wedge_(values.size()) {}

    void move_to(std::size_t first, std::size_t end) {
        for (; seen_ < end; ++seen_) add(seen_);
        while (begin_ < end_ && wedge_[begin_] < first) ++begin_;
    }
    [[nodiscard]] double value() const { return begin_ < end_ ? values_[wedge_[begin_]] : nan; }

  private:
    static bool before(double a, double b) { return all ? a < b : a > b; }
    void add(std::size_t index) {
        const double value = values_[index];
        if (std::isnan(value)) return;
        while (end_ > begin_ && !before(values_[wedge_[end_ - 1]], value)) --end_;
        wedge_[end_++] = static_cast<std::uint32_t>(index);
    }

    const std::vector<double>& values_;
    std::vector<std::uint32_t> wedge_; // indices of the numbers that can still become the extreme, best first
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t seen_ = 0; // samples
};

// What holds throughout (or somewhere in) a range whose ends only move forward.
template <bool all> class Aggregate {
  public:
    explicit Aggregate(const Condition& condition) : truth_(condition.truth), extreme_(condition.robustness) {}

    void move_to(std::size_t first, std::size_t end) {
        for (; end_ < end; ++end_) ++counts_[static_cast<std::size_t>(truth_[end_])];
        for (; first_ < first; ++first_) --counts_[static_cast<std::size_t>(truth_[first_])];
        extreme_.move_to(first, end);
    }
    [[nodiscard]] Truth truth() const {
        constexpr std::array order = {all ? Truth::no : Truth::yes, Truth::fault, Truth::unknown,
                                      all ? Truth::yes : Truth::no};
        for (const Truth truth : order)
            if (counts_[static_cast<std::size_t>(truth)] > 0) return truth;
        return Truth::skipped;
    }
    [[nodiscard]] double robustness() const { return extreme_.value(); }

  private:
    const std::vector<Truth>& truth_;
    Extreme<all> extreme_;
    std::array<std::uint32_t, 5> counts_{};
    std::size_t first_ = 0;
    std::size_t end_ = 0;
};

// The window, looked at from the beginning of the run.
inline Range range_from_start(const Timeline& timeline, const Window& window) {
    const auto& at = timeline.at_ns;
    auto start = static_cast<std::size_t>(std::lower_bound(at.begin(), at.end(), 0) - at.begin());
    if (start > 0 && (start == at.size() || at[start] > 0)) --start; // the one that is in force
    Ranges ranges(timeline, window);
    return ranges.from_time(0, start);
}

} // namespace ktstr::eval
