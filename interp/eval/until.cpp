// SPDX-License-Identifier: GPL-2.0-only
// `until` in one pass. With i the sample that it is looked at from and the window's samples lo .. hi, it asks for a
// sample j of lo .. hi at which the second condition holds, while the first one does at i .. j - 1.
#include <initializer_list>
#include <utility>

#include "interp/eval/sweep.h"
#include "interp/eval/temporal.h"

namespace ktstr::eval {

namespace {

// Truths as a set.
constexpr unsigned set_of(std::initializer_list<Truth> truths) {
    unsigned set = 0;
    for (const Truth truth : truths) set |= 1U << static_cast<unsigned>(truth);
    return set;
}

bool is_in(unsigned set, Truth truth) { return ((set >> static_cast<unsigned>(truth)) & 1U) != 0; }

// The next sample with one of some truths, asked for from one sample after the other.
class Next {
  public:
    Next(const std::vector<Truth>& truth, unsigned set) : truth_(truth), set_(set) {}
    // The first one from sample i on; the size if there is none.
    std::size_t from(std::size_t i) {
        at_ = std::max(at_, i);
        while (at_ < truth_.size() && !is_in(set_, truth_[at_])) ++at_;
        return at_;
    }

  private:
    const std::vector<Truth>& truth_;
    unsigned set_;
    std::size_t at_ = 0;
};

// The last sample with one of some truths, likewise.
class Last {
  public:
    Last(const std::vector<Truth>& truth, unsigned set) : truth_(truth), set_(set) {}
    // One more than the index of the last one up to sample i, itself included; 0 if there is none.
    std::size_t up_to(std::size_t i) {
        for (; seen_ <= i; ++seen_)
            if (is_in(set_, truth_[seen_])) found_ = seen_ + 1;
        return found_;
    }

  private:
    const std::vector<Truth>& truth_;
    unsigned set_;
    std::size_t seen_ = 0;
    std::size_t found_ = 0;
};

// The answers of `until` in windows that move forward.
class Answers {
  public:
    Answers(const std::vector<Truth>& first, const std::vector<Truth>& second)
        : size_(first.size()), broken_(first, set_of({Truth::no})),
          unsure_(first, set_of({Truth::no, Truth::unknown, Truth::fault})),
          first_fault_(first, set_of({Truth::fault})), yes_(second, set_of({Truth::yes})),
          candidate_(second, set_of({Truth::yes, Truth::unknown, Truth::fault})),
          second_fault_(second, set_of({Truth::fault})),
          seen_(second, set_of({Truth::no, Truth::yes, Truth::unknown, Truth::fault})) {}

    Truth truth(std::size_t i, const Range& range) {
        const Truth seen = of_seen(i, range);
        const bool decided = seen == Truth::yes || (seen == Truth::no && broken_.from(i) < size_);
        return range.cut_off && !decided ? Truth::skipped : seen;
    }

  private:
    Truth of_seen(std::size_t i, const Range& range) {
        const std::size_t last = range.end - 1;
        const std::size_t broken = broken_.from(i);
        if (yes_.up_to(std::min(last, unsure_.from(i))) > range.first) return Truth::yes;
        const std::size_t reach = std::min(last, broken); // behind it the first one has failed
        const std::size_t candidate = candidate_.up_to(reach);
        if (candidate <= range.first) // none
            return seen_.up_to(last) <= range.first && broken >= last ? Truth::skipped : Truth::no;
        const bool fault = second_fault_.up_to(reach) > range.first || first_fault_.from(i) + 1 < candidate;
        return fault ? Truth::fault : Truth::unknown;
    }

    std::size_t size_;
    Next broken_, unsure_, first_fault_;
    Last yes_, candidate_, second_fault_, seen_;
};

// Both conditions on one timeline: themselves, or copies where their timelines differ.
class Both {
  public:
    Both(const Condition& left, const Condition& right) : first_(left), second_(right) {
        if (left.timeline == right.timeline) return;
        copied_ = true;
        const Pairs pairs(left, right);
        copies_ = {empty_like(pairs.timeline(), pairs.size()), empty_like(pairs.timeline(), pairs.size())};
        pairs.each([&](std::size_t i, std::size_t l, std::size_t r) {
            put(left, l, copies_.first, i);
            put(right, r, copies_.second, i);
        });
    }
    [[nodiscard]] const Condition& first() const { return copied_ ? copies_.first : first_; }
    [[nodiscard]] const Condition& second() const { return copied_ ? copies_.second : second_; }

  private:
    static void put(const Condition& from, std::size_t at, Condition& to, std::size_t i) {
        if (at == Joint::none) return;
        to.truth[i] = from.truth[at];
        to.robustness[i] = from.robustness[at];
    }
    const Condition& first_;
    const Condition& second_;
    bool copied_ = false;
    std::pair<Condition, Condition> copies_;
};

// Robustness of `first until second` without an end, looked at from each sample: the greatest of all min(second at j,
// least of first before j). Samples without a robustness count for nothing.
std::vector<double> unbounded(const Condition& first_one, const Condition& second_one) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    std::vector<double> result(first_one.size());
    double behind = -infinity;
    for (std::size_t i = result.size(); i-- > 0;) {
        const double first = std::isnan(first_one.robustness[i]) ? infinity : first_one.robustness[i];
        const double second = std::isnan(second_one.robustness[i]) ? -infinity : second_one.robustness[i];
        behind = std::max(second, std::min(first, behind));
        result[i] = behind;
    }
    return result;
}

// The robustness of `until` in windows that move forward.
class Distance {
  public:
    Distance(const Condition& first, const Condition& second)
        : comes_(second.robustness), lasts_(first.robustness), unbounded_(unbounded(first, second)),
          rest_(first.robustness) {
        for (std::size_t i = rest_.size(); i-- > 1;) rest_[i - 1] = least(rest_[i - 1], rest_[i]);
    }

    // min(second somewhere in the window, first throughout i .. lo - 1, first until second from lo on): whatever of the
    // last lies behind the window is worth no more than the first of the three. Where the window is cut off and the
    // answer is no, the second one may hold behind what was seen, and then it is the first one that decides.
    double of(Truth truth, std::size_t i, const Range& range) {
        comes_.move_to(range.first, range.end);
        lasts_.move_to(i, range.first);
        if (!certain(truth)) return nan;
        double distance = -std::numeric_limits<double>::infinity();
        if (!std::isnan(comes_.value()))
            distance = least(least(comes_.value(), lasts_.value()), unbounded_[range.first]);
        return range.cut_off && truth == Truth::no ? most(distance, rest_[i]) : distance;
    }

  private:
    Extreme<false> comes_;
    Extreme<true> lasts_;
    std::vector<double> unbounded_;
    std::vector<double> rest_; // of the first one: the least from each sample on
};

} // namespace

Condition until(const Condition& first, const Condition& second, const Window& window) {
    const Both both(first, second);
    const Condition& lasts = both.first();
    const Condition& comes = both.second();
    if (comes.constant()) return comes;
    Condition result = empty_like(comes.timeline, comes.size());
    Answers answers(lasts.truth, comes.truth);
    Distance distance(lasts, comes);
    Ranges ranges(*result.timeline, window);
    for (std::size_t i = 0; i < result.size(); ++i) {
        const Range range = ranges.from(i);
        result.truth[i] = answers.truth(i, range);
        result.robustness[i] = distance.of(result.truth[i], i, range);
    }
    return result;
}

Answer until_in(const Condition& first, const Condition& second, const Window& window) {
    const Both both(first, second);
    const Condition& lasts = both.first();
    const Condition& comes = both.second();
    Answer answer;
    if (comes.constant()) {
        answer.truth = comes.truth[0];
        answer.robustness = comes.robustness[0];
        return answer;
    }
    const auto& timeline = *comes.timeline;
    if (timeline.size() == 0) return answer;
    const Range run = range_from_start(timeline, {.from_ns = 0, .to_ns = {}});
    const Range range = range_from_start(timeline, window);
    if (range.first >= range.end) return answer;
    answer.looked_at = range.end - run.first;
    answer.truth = Answers(lasts.truth, comes.truth).truth(run.first, range);
    answer.robustness = Distance(lasts, comes).of(answer.truth, run.first, range);
    return answer;
}

} // namespace ktstr::eval
