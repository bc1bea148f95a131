// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/signal.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "interp/eval/units.h"

namespace ktstr::eval {

namespace {

constexpr double ns_per_s = 1e9;

double calculated(Arithmetic operation, double left, double right) {
    switch (operation) {
    case Arithmetic::add: return left + right;
    case Arithmetic::subtract: return left - right;
    case Arithmetic::multiply: return left * right;
    case Arithmetic::divide: break;
    }
    return left / right;
}

} // namespace

Slot both(Slot left, Slot right) {
    for (const Slot slot : {Slot::skipped, Slot::missing, Slot::undefined})
        if (left == slot || right == slot) return slot;
    return Slot::value;
}

const std::string& Timeline::tag(std::size_t index) const {
    if (!left) return tags[index];
    return (from_right[index] ? right : left)->tag(origin[index]);
}

std::string Timeline::name_of(std::size_t index) const {
    const std::string time = human_duration(static_cast<double>(at_ns[index]));
    return tag(index) + (at_ns[index] < 0 ? " (" : " (+") + time + ")";
}

std::size_t Timeline::in_force(std::int64_t time_ns) const {
    const auto after = std::upper_bound(at_ns.begin(), at_ns.end(), time_ns);
    return after == at_ns.begin() ? size() : static_cast<std::size_t>(after - at_ns.begin()) - 1;
}

std::size_t Term::index_at(const Timeline& other, std::size_t index) const {
    if (constant()) return 0;
    return timeline.get() == &other ? index : timeline->in_force(other.at_ns[index]);
}

Term constant_term(double value) { return {nullptr, {value}, {Slot::value}}; }

Term undefined_term() { return {nullptr, {nan}, {Slot::undefined}}; }

Joint join(const TimelinePtr& left, const TimelinePtr& right) {
    Joint joint;
    auto timeline = std::make_shared<Timeline>();
    timeline->left = left;
    timeline->right = right;
    const std::size_t most = left->size() + right->size();
    timeline->at_ns.reserve(most);
    timeline->phase.reserve(most);
    timeline->origin.reserve(most);
    timeline->from_right.reserve(most);
    joint.left.reserve(most);
    joint.right.reserve(most);
    std::uint32_t l = 0; // how many of the left have been taken
    std::uint32_t r = 0;
    while (l < left->size() || r < right->size()) {
        const bool take_left = l < left->size() && (r == right->size() || left->at_ns[l] <= right->at_ns[r]);
        const bool take_right = r < right->size() && (l == left->size() || right->at_ns[r] <= left->at_ns[l]);
        l += take_left ? 1 : 0;
        r += take_right ? 1 : 0;
        const std::uint32_t index = (take_left ? l : r) - 1;
        timeline->at_ns.push_back((take_left ? left : right)->at_ns[index]);
        timeline->phase.push_back((take_left ? left : right)->phase[index]);
        timeline->origin.push_back(index);
        timeline->from_right.push_back(!take_left);
        joint.left.push_back(l - 1); // none, if l is 0
        joint.right.push_back(r - 1);
    }
    joint.timeline = std::move(timeline);
    return joint;
}

Pairs::Pairs(const TimelinePtr& left, const TimelinePtr& right)
    : left_step_(left ? 1 : 0), right_step_(right ? 1 : 0), timeline_(left ? left : right) {
    if (!left || !right || left == right) return;
    joint_ = join(left, right);
    timeline_ = joint_.timeline;
}

Term calculate(Arithmetic operation, const Term& left, const Term& right) {
    const Pairs pairs(left, right);
    const bool quotient = operation == Arithmetic::divide;
    const bool of_series = quotient && !left.constant() && !right.constant();
    Term result{pairs.timeline(), std::vector<double>(pairs.size(), nan), std::vector<Slot>(pairs.size())};
    pairs.each([&](std::size_t i, std::size_t l, std::size_t r) {
        if (l == Joint::none || r == Joint::none) {
            result.slots[i] = Slot::skipped;
            return;
        }
        Slot slot = both(left.slots[l], right.slots[r]);
        if (slot == Slot::missing && of_series) slot = Slot::skipped;
        if (slot == Slot::value && quotient && right.values[r] == 0) slot = Slot::undefined;
        result.slots[i] = slot;
        if (slot == Slot::value) result.values[i] = calculated(operation, left.values[l], right.values[r]);
    });
    return result;
}

Term rate_of(const Term& term) {
    if (term.constant()) return undefined_term();
    Term result{term.timeline, std::vector<double>(term.size(), nan), std::vector<Slot>(term.size(), Slot::skipped)};
    for (std::size_t i = 1; i < term.size(); ++i) {
        Slot slot = both(term.slots[i - 1], term.slots[i]);
        if (slot == Slot::missing) slot = Slot::skipped;
        const std::int64_t time = term.timeline->at_ns[i] - term.timeline->at_ns[i - 1];
        if (slot == Slot::value && time == 0) slot = Slot::undefined;
        result.slots[i] = slot;
        if (slot == Slot::value)
            result.values[i] = (term.values[i] - term.values[i - 1]) * ns_per_s / static_cast<double>(time);
    }
    return result;
}

} // namespace ktstr::eval
