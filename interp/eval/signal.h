// SPDX-License-Identifier: GPL-2.0-only
// Numbers and conditions over time: what series become when formulas calculate with them. Plain columns, one slot per
// sample. Between two samples a signal has the value of the earlier one, from its last sample on that of the last.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace ktstr::eval {

inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Timeline;
using TimelinePtr = std::shared_ptr<const Timeline>;

// When samples were taken, in ascending order; two may have one time.
struct Timeline {
    std::vector<std::int64_t> at_ns;
    std::vector<int> phase;            // 0: before the first step; k: in step k
    std::vector<std::string> tags;     // "periodic_004"; empty in a joint one,
    std::vector<std::uint32_t> origin; // which knows the index of each sample in the one that it came from, and
    std::vector<bool> from_right;      // in which
    TimelinePtr left, right;

    [[nodiscard]] std::size_t size() const { return at_ns.size(); }
    [[nodiscard]] const std::string& tag(std::size_t index) const;
    // "periodic_004 (+850 ms)"
    [[nodiscard]] std::string name_of(std::size_t index) const;
    // The last sample at or before that time: the one that is in force. size() if there is none yet.
    [[nodiscard]] std::size_t in_force(std::int64_t time_ns) const;
};

enum class Slot : std::uint8_t {
    value,     // NaN is one
    missing,   // the sample has no value, for a reason
    undefined, // the value cannot be said: divided by 0, a rate over no time, or a series that has no value at all
    skipped,   // there is no value to be had at this sample, and none is missed: the rate at the first sample
};

// Of two that are needed both.
Slot both(Slot left, Slot right);

// A number over time, or one number for the whole run.
struct Term {
    TimelinePtr timeline; // null: one slot, which is in force at all times
    std::vector<double> values;
    std::vector<Slot> slots;

    [[nodiscard]] std::size_t size() const { return slots.size(); }
    [[nodiscard]] bool constant() const { return timeline == nullptr; }
    // At the sample of `other`, a timeline with at least these samples, which has this index. size(): before the first.
    [[nodiscard]] std::size_t index_at(const Timeline& other, std::size_t index) const;
};

Term constant_term(double value);
Term undefined_term(); // constant

enum class Truth : std::uint8_t {
    no,
    yes,
    unknown, // of something undefined
    fault,   // of a sample that is missing, or that is not a number: neither this nor its contrary can be said to hold
    skipped, // not looked at
};

// A condition over time, or one for the whole run.
struct Condition {
    TimelinePtr timeline; // null: one slot
    std::vector<Truth> truth;
    // How far from the other answer, in what is compared: at least 0 for yes, at most 0 for no; NaN for all others.
    std::vector<double> robustness;

    [[nodiscard]] std::size_t size() const { return truth.size(); }
    [[nodiscard]] bool constant() const { return timeline == nullptr; }
};

// The samples of two timelines as one, for those who need both: where each of its samples lies in the two. A sample of
// one finds the other's sample that is in force; `none` before its first. Samples of both at one time are one sample,
// the k-th of either with the k-th of the other.
struct Joint {
    static constexpr std::uint32_t none = UINT32_MAX;
    TimelinePtr timeline;
    std::vector<std::uint32_t> left;
    std::vector<std::uint32_t> right;
};

Joint join(const TimelinePtr& left, const TimelinePtr& right);

// The slots of two terms or conditions that belong together. What is constant belongs to every slot of the other.
class Pairs {
  public:
    template <typename Left, typename Right>
    Pairs(const Left& left, const Right& right) : Pairs(left.timeline, right.timeline) {}
    Pairs(const TimelinePtr& left, const TimelinePtr& right);

    [[nodiscard]] const TimelinePtr& timeline() const { return timeline_; }
    [[nodiscard]] std::size_t size() const { return timeline_ ? timeline_->size() : 1; }

    // visit(slot of the result, of the left, of the right or Joint::none)
    template <typename Visit> void each(const Visit& visit) const {
        const std::size_t count = size();
        if (joint_.timeline) {
            for (std::size_t i = 0; i < count; ++i) visit(i, joint_.left[i], joint_.right[i]);
            return;
        }
        for (std::size_t i = 0; i < count; ++i) visit(i, i * left_step_, i * right_step_);
    }

  private:
    std::size_t left_step_;
    std::size_t right_step_;
    TimelinePtr timeline_;
    Joint joint_;
};

// Calculation. A missing value makes what is calculated of it missing, but for a quotient of two series, where the
// sample is skipped. Divided by 0: undefined.
enum class Arithmetic : std::uint8_t { add, subtract, multiply, divide };
Term calculate(Arithmetic operation, const Term& left, const Term& right);

// Change per second between neighbours, at the later one of each two. No rate goes across a sample that is missing.
Term rate_of(const Term& term);

} // namespace ktstr::eval
