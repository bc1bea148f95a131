// SPDX-License-Identifier: GPL-2.0-only
// The operators over time against their definitions, which are carried out here sample by sample as docs/language.md
// has them, on thousands of random series.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <sstream>

#include "tests/eval/random_signal.h"

using namespace ktstr;
using namespace ktstr::test;
using eval::Answer;
using eval::Condition;
using eval::Slot;
using eval::Term;
using eval::Truth;

namespace {

constexpr int trials = 4000;
constexpr double infinity = std::numeric_limits<double>::infinity();
const double none = std::nan("");

struct Moment {
    Truth truth = Truth::skipped;
    double robustness = none;
};

bool certain(Truth truth) { return truth == Truth::yes || truth == Truth::no; }

bool same(double a, double b) { return (std::isnan(a) && std::isnan(b)) || a == b; }

bool same(const Moment& a, const Moment& b) {
    return a.truth == b.truth && (!certain(a.truth) || same(a.robustness, b.robustness));
}

std::string text(const Moment& moment) {
    constexpr std::array words = {"no", "yes", "unknown", "fault", "skipped"};
    std::ostringstream out;
    out << words[static_cast<std::size_t>(moment.truth)] << " (" << moment.robustness << ")";
    return out.str();
}

Moment at(const Condition& condition, std::size_t i) { return {condition.truth[i], condition.robustness[i]}; }
Moment of(const Answer& answer) { return {answer.truth, answer.robustness}; }

std::optional<std::string> differ(const Moment& found, const Moment& wanted, const std::string& where) {
    if (same(found, wanted)) return std::nullopt;
    return where + ": found " + text(found) + ", by definition " + text(wanted);
}

// What all (or any) of some moments come to: one decides, else a fault remains, else what is unknown.
Moment gathered(const std::vector<Moment>& moments, bool all) {
    const Truth decisive = all ? Truth::no : Truth::yes;
    const Truth other = all ? Truth::yes : Truth::no;
    Moment result;
    for (const Truth truth : {other, Truth::unknown, Truth::fault, decisive})
        if (std::any_of(moments.begin(), moments.end(), [&](const Moment& m) { return m.truth == truth; }))
            result.truth = truth;
    for (const Moment& m : moments)
        if (!std::isnan(m.robustness) && (std::isnan(result.robustness) ||
                                          (all ? m.robustness < result.robustness : m.robustness > result.robustness)))
            result.robustness = m.robustness;
    return result;
}

Moment all_of(const std::vector<Moment>& moments) { return gathered(moments, true); }
Moment any_of(const std::vector<Moment>& moments) { return gathered(moments, false); }

Moment contrary(Moment moment) {
    if (certain(moment.truth)) moment.truth = moment.truth == Truth::yes ? Truth::no : Truth::yes;
    moment.robustness = -moment.robustness;
    return moment;
}

Condition condition_of(const std::vector<RandomSample>& samples, plan::Comparison comparison) {
    return compare(term_of(samples), comparison, eval::constant_term(0));
}

eval::Window window_of(const Trial& trial) {
    eval::Window window{.from_ns = trial.from, .to_ns = {}, .end_ns = trial.end};
    if (trial.length >= 0) window.to_ns = trial.from + trial.length;
    return window;
}

// The samples of the window, looked at from sample i, or (i = none) from the time 0.
std::vector<std::size_t> samples_of(const eval::Timeline& timeline, const eval::Window& window, std::size_t start,
                                    std::int64_t time) {
    std::vector<std::size_t> found;
    std::size_t in_force = Answer::none;
    for (std::size_t j = start; j < timeline.size(); ++j)
        if (timeline.at_ns[j] <= time + window.from_ns) in_force = j;
    for (std::size_t j = start; j < timeline.size(); ++j) {
        const bool within =
            timeline.at_ns[j] >= time + window.from_ns && (!window.to_ns || timeline.at_ns[j] <= time + *window.to_ns);
        if (within || j == in_force) found.push_back(j);
    }
    return found;
}

// The sample that the run begins with: the first one at 0, or the last one before.
std::size_t first_of_run(const eval::Timeline& timeline) {
    const auto& at = timeline.at_ns;
    const auto exact = std::find(at.begin(), at.end(), 0);
    if (exact != at.end()) return static_cast<std::size_t>(exact - at.begin());
    std::size_t start = 0;
    for (std::size_t j = 0; j < at.size() && at[j] < 0; ++j) start = j;
    return start;
}

Moment over_window(const Condition& condition, const eval::Window& window, std::size_t start, std::int64_t time,
                   bool all) {
    std::vector<Moment> moments;
    for (const std::size_t j : samples_of(*condition.timeline, window, start, time))
        moments.push_back(at(condition, j));
    const Moment result = gathered(moments, all);
    const bool cut_off = window.to_ns && time + *window.to_ns > window.end_ns;
    return cut_off && result.truth != (all ? Truth::no : Truth::yes) ? Moment{} : result;
}

Moment until_by_definition(const Condition& first, const Condition& second, const eval::Window& window,
                           std::size_t start, std::int64_t time) {
    std::vector<Moment> ways;
    double robustness = -infinity;
    bool broken = false; // whatever comes later, the first condition has failed before
    for (const auto& truth :
         std::vector<Truth>(first.truth.begin() + static_cast<std::ptrdiff_t>(start), first.truth.end()))
        broken = broken || truth == Truth::no;
    for (const std::size_t j : samples_of(*second.timeline, window, start, time)) {
        std::vector<Moment> needed;
        for (std::size_t k = start; k < j; ++k) needed.push_back(at(first, k));
        const double before = all_of(needed).robustness;
        const double here = second.robustness[j];
        if (!std::isnan(here)) robustness = std::max(robustness, std::isnan(before) ? here : std::min(here, before));
        const bool lost = all_of(needed).truth == Truth::no;
        needed.push_back(at(second, j));
        if (second.truth[j] != Truth::skipped || lost) ways.push_back(all_of(needed));
    }
    Moment result{any_of(ways).truth, robustness};
    const bool cut_off = window.to_ns && time + *window.to_ns > window.end_ns;
    const bool decided = result.truth == Truth::yes || (result.truth == Truth::no && broken);
    if (!cut_off || result.truth != Truth::no) return cut_off && !decided ? Moment{} : result;
    std::vector<Moment> rest; // what comes next may be all that the second condition asks for
    for (std::size_t k = start; k < first.size(); ++k) rest.push_back(at(first, k));
    result.robustness = std::max(result.robustness, all_of(rest).robustness);
    return decided ? result : Moment{};
}

// Conditions on one clock: that of the first series, with the second one's values.
std::pair<Condition, Condition> on_one_clock(const Trial& trial) {
    auto second = trial.second;
    second.resize(trial.first.size());
    for (std::size_t i = 0; i < second.size(); ++i) second[i].after = trial.first[i].after;
    Condition left = condition_of(trial.first, plan::Comparison::less_equal);
    Condition right = condition_of(second, plan::Comparison::greater);
    right.timeline = left.timeline;
    return {left, right};
}

using Windowed = Condition (*)(const Condition&, const eval::Window&);
using WindowedAnswer = Answer (*)(const Condition&, const eval::Window&);

void check_windows(Windowed at_samples, WindowedAnswer of_run, bool all) {
    for_all(trials, [&](const Trial& trial) -> std::optional<std::string> {
        const Condition condition = condition_of(trial.first, plan::Comparison::less_equal);
        const auto window = window_of(trial);
        const Condition found = at_samples(condition, window);
        for (std::size_t i = 0; i < condition.size(); ++i)
            if (auto wrong = differ(at(found, i), over_window(condition, window, i, condition.timeline->at_ns[i], all),
                                    "at sample " + std::to_string(i)))
                return wrong;
        const std::size_t start = first_of_run(*condition.timeline);
        return differ(of(of_run(condition, window)), over_window(condition, window, start, 0, all), "for the run");
    });
}

std::vector<double> numbers_of(const Term& term) {
    std::vector<double> values;
    for (std::size_t i = 0; i < term.size(); ++i)
        if (term.slots[i] == Slot::value) values.push_back(term.values[i]);
    return values;
}

bool has(const Term& term, Slot slot) {
    return std::find(term.slots.begin(), term.slots.end(), slot) != term.slots.end();
}

// What is left to say when nothing refutes a pattern.
Truth unless_refuted(const Term& term, bool enough) {
    const auto values = numbers_of(term);
    if (std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); })) return Truth::fault;
    return has(term, Slot::undefined) || !enough ? Truth::unknown : Truth::yes;
}

} // namespace

TEST_CASE("a comparison holds at a sample by its value") {
    for_all(trials, [](const Trial& trial) -> std::optional<std::string> {
        const Term term = term_of(trial.first);
        const Condition found = compare(term, plan::Comparison::less_equal, eval::constant_term(1));
        for (std::size_t i = 0; i < term.size(); ++i) {
            Moment wanted;
            if (term.slots[i] == Slot::missing) wanted.truth = Truth::fault;
            if (term.slots[i] == Slot::undefined) wanted.truth = Truth::unknown;
            if (term.slots[i] == Slot::value && std::isnan(term.values[i])) wanted.truth = Truth::fault;
            if (term.slots[i] == Slot::value && !std::isnan(term.values[i]))
                wanted = {term.values[i] <= 1 ? Truth::yes : Truth::no, 1 - term.values[i]};
            if (auto wrong = differ(at(found, i), wanted, "at sample " + std::to_string(i))) return wrong;
        }
        return std::nullopt;
    });
}

TEST_CASE("`always` and `eventually` are all and some of the samples of their windows") {
    check_windows(eval::always, eval::always_in, true);
    check_windows(eval::eventually, eval::eventually_in, false);
}

TEST_CASE("`until` is the second at one sample, and the first at all before it") {
    for_all(trials, [](const Trial& trial) -> std::optional<std::string> {
        const auto [first, second] = on_one_clock(trial);
        const auto window = window_of(trial);
        const Condition found = until(first, second, window);
        for (std::size_t i = 0; i < first.size(); ++i)
            if (auto wrong =
                    differ(at(found, i), until_by_definition(first, second, window, i, first.timeline->at_ns[i]),
                           "at sample " + std::to_string(i)))
                return wrong;
        if (first.size() == 0) return differ(of(until_in(first, second, window)), Moment{}, "for the run");
        const std::size_t start = first_of_run(*first.timeline);
        return differ(of(until_in(first, second, window)), until_by_definition(first, second, window, start, 0),
                      "for the run");
    });
}

TEST_CASE("`always` is the contrary of `eventually` the contrary") {
    for_all(trials, [](const Trial& trial) -> std::optional<std::string> {
        const Condition condition = condition_of(trial.first, plan::Comparison::less_equal);
        const auto window = window_of(trial);
        const Condition direct = always(condition, window);
        const Condition turned = negation(eventually(negation(condition), window));
        for (std::size_t i = 0; i < condition.size(); ++i)
            if (auto wrong = differ(at(turned, i), at(direct, i), "at sample " + std::to_string(i))) return wrong;
        return std::nullopt;
    });
}

TEST_CASE("`and`, `or` and `not` are those of each sample") {
    for_all(trials, [](const Trial& trial) -> std::optional<std::string> {
        const auto [left, right] = on_one_clock(trial);
        const Condition both = conjunction(left, right);
        const Condition either = disjunction(left, right);
        const Condition neither = negation(either);
        for (std::size_t i = 0; i < left.size(); ++i) {
            const bool skipped = left.truth[i] == Truth::skipped || right.truth[i] == Truth::skipped;
            Moment all = all_of({at(left, i), at(right, i)});
            Moment any = any_of({at(left, i), at(right, i)});
            if (skipped && all.truth == Truth::yes) all = {};
            if (skipped && any.truth == Truth::no) any = {};
            if (auto wrong = differ(at(both, i), all, "and, at sample " + std::to_string(i))) return wrong;
            if (auto wrong = differ(at(either, i), any, "or, at sample " + std::to_string(i))) return wrong;
            if (auto wrong = differ(at(neither, i), contrary(any), "not, at sample " + std::to_string(i))) return wrong;
        }
        return std::nullopt;
    });
}

TEST_CASE("an edge is to the last sample that can be told") {
    for_all(trials, [](const Trial& trial) -> std::optional<std::string> {
        const Condition condition = condition_of(trial.first, plan::Comparison::less_equal);
        const Condition up = rises(condition);
        const Condition down = falls(condition);
        const auto told = [&](std::size_t i) {
            return condition.truth[i] != Truth::fault && condition.truth[i] != Truth::skipped;
        };
        for (std::size_t i = 0; i < condition.size(); ++i) {
            std::size_t before = i;
            while (before > 0 && (before == i || !told(before))) --before;
            const bool edge = before < i && told(i) && told(before);
            const Moment wanted_up = edge ? all_of({at(condition, i), contrary(at(condition, before))}) : Moment{};
            const Moment wanted_down = edge ? all_of({contrary(at(condition, i)), at(condition, before)}) : Moment{};
            if (auto wrong = differ(at(up, i), wanted_up, "rise at sample " + std::to_string(i))) return wrong;
            if (auto wrong = differ(at(down, i), wanted_down, "fall at sample " + std::to_string(i))) return wrong;
        }
        return std::nullopt;
    });
}

TEST_CASE("a sustained condition is that no so many samples in a row fail") {
    for_all(trials, [](const Trial& trial) -> std::optional<std::string> {
        const Condition condition = condition_of(trial.first, plan::Comparison::less_equal);
        const auto length = static_cast<std::size_t>(trial.number);
        std::vector<Moment> counted;
        for (std::size_t i = 0; i < condition.size(); ++i)
            if (condition.truth[i] != Truth::skipped) counted.push_back(at(condition, i));
        std::vector<Moment> rows;
        for (std::size_t i = 0; i + length <= counted.size(); ++i)
            rows.push_back(any_of(std::vector<Moment>(counted.begin() + static_cast<std::ptrdiff_t>(i),
                                                      counted.begin() + static_cast<std::ptrdiff_t>(i + length))));
        Moment wanted = all_of(rows);
        if (rows.empty()) wanted.truth = counted.empty() ? Truth::skipped : Truth::unknown;
        for (const Moment& row : rows) // what is not certain has no robustness to be the least
            if (!certain(row.truth)) wanted.robustness = none;
        const Answer found = sustained(condition, length);
        const bool loose = std::isnan(wanted.robustness);
        if (loose) return found.truth == wanted.truth ? std::nullopt : differ(of(found), wanted, "for the run");
        return differ(of(found), wanted, "for the run");
    });
}

TEST_CASE("nondecreasing and increasing look at every two neighbours that have a value") {
    for_all(trials, [](const Trial& trial) -> std::optional<std::string> {
        const Term term = term_of(trial.first);
        std::vector<double> values = numbers_of(term);
        const Truth rest = unless_refuted(term, values.size() >= 2);
        std::erase_if(values, [](double value) { return std::isnan(value); });
        bool falls_somewhere = false;
        bool rests_somewhere = false;
        double least = infinity;
        for (std::size_t i = 1; i < values.size(); ++i) {
            falls_somewhere = falls_somewhere || values[i] < values[i - 1];
            rests_somewhere = rests_somewhere || values[i] <= values[i - 1];
            least = std::min(least, values[i] == values[i - 1] ? 0 : values[i] - values[i - 1]);
        }
        if (auto wrong =
                differ(of(eval::nondecreasing(term)), {falls_somewhere ? Truth::no : rest, least}, "nondecreasing"))
            return wrong;
        return differ(of(eval::increasing(term)), {rests_somewhere ? Truth::no : rest, least}, "increasing");
    });
}

TEST_CASE("steady is that every sample after the warm-up is near their mean") {
    for_all(trials, [](const Trial& trial) -> std::optional<std::string> {
        auto samples = trial.first;
        for (auto& sample : samples)
            if (std::isinf(sample.value)) sample.value = 3; // a mean of which has no distance to anything
        const Term term = term_of(samples);
        Term later; // from the warm-up's end on
        for (std::size_t i = 0; i < term.size(); ++i) {
            if (term.timeline->at_ns[i] < trial.from) continue;
            later.values.push_back(term.values[i]);
            later.slots.push_back(term.slots[i]);
        }
        const double tolerance = trial.number * 0.25;
        const auto values = numbers_of(later);
        const Truth rest = unless_refuted(later, values.size() >= 2);
        Moment wanted{rest, infinity};
        if (rest != Truth::fault && values.size() >= 2) {
            double sum = 0;
            for (const double value : values) sum += value;
            const double mean = sum / static_cast<double>(values.size());
            for (const double value : values) {
                if (std::fabs(value - mean) > tolerance * std::fabs(mean)) wanted.truth = Truth::no;
                wanted.robustness = std::min(wanted.robustness, tolerance * std::fabs(mean) - std::fabs(value - mean));
            }
        }
        return differ(of(eval::steady(term, tolerance, trial.from)), wanted, "steady");
    });
}

TEST_CASE("converges is that three neighbours lie near the target in time") {
    for_all(trials, [](const Trial& trial) -> std::optional<std::string> {
        const Term term = term_of(trial.first);
        const double tolerance = trial.number - 1;
        const std::int64_t deadline = trial.end == 1000 ? 1000 : trial.end;
        Term until; // the deadline
        for (std::size_t i = 0; i < term.size() && term.timeline->at_ns[i] <= deadline; ++i) {
            until.values.push_back(term.values[i]);
            until.slots.push_back(term.slots[i]);
        }
        const auto room = [&](std::size_t i) { return tolerance - std::fabs(until.values[i] - 1); };
        double best = -infinity;
        bool any = false;
        for (std::size_t i = 0; i + 2 < until.size(); ++i) {
            const bool values =
                until.slots[i] == Slot::value && until.slots[i + 1] == Slot::value && until.slots[i + 2] == Slot::value;
            const double least = std::min({room(i), room(i + 1), room(i + 2)});
            if (!values || std::isnan(room(i) + room(i + 1) + room(i + 2))) continue;
            any = true;
            best = std::max(best, least);
        }
        Truth rest = unless_refuted(until, numbers_of(until).size() >= 3);
        Moment wanted{rest, best};
        if (rest != Truth::fault && any && best >= 0)
            wanted.truth = Truth::yes;
        else if (rest == Truth::yes)
            wanted.truth = Truth::no;
        if (!any) wanted.robustness = none;
        return differ(of(eval::converges(term, 1, tolerance, deadline)), wanted, "converges");
    });
}

TEST_CASE("a rate is the change between neighbours that both have a value") {
    for_all(trials, [](const Trial& trial) -> std::optional<std::string> {
        const Term term = term_of(trial.first);
        const Term found = rate_of(term);
        for (std::size_t i = 0; i < term.size(); ++i) {
            Slot slot = Slot::skipped;
            double value = none;
            if (i > 0 && term.slots[i] == Slot::value && term.slots[i - 1] == Slot::value) {
                const auto time = static_cast<double>(term.timeline->at_ns[i] - term.timeline->at_ns[i - 1]);
                slot = time == 0 ? Slot::undefined : Slot::value;
                if (time > 0) value = (term.values[i] - term.values[i - 1]) * 1e9 / time;
            } else if (i > 0) {
                const auto either = [&](Slot which) { return term.slots[i] == which || term.slots[i - 1] == which; };
                if (either(Slot::undefined) && !either(Slot::missing) && !either(Slot::skipped)) slot = Slot::undefined;
            }
            if (found.slots[i] != slot || !same(found.values[i], value)) return "at sample " + std::to_string(i);
        }
        return std::nullopt;
    });
}

TEST_CASE("two clocks become one, on which both series keep their values until the next sample") {
    for_all(trials, [](const Trial& trial) -> std::optional<std::string> {
        const Term left = term_of(trial.first);
        const Term right = term_of(trial.second);
        const auto joint = join(left.timeline, right.timeline);
        const auto& times = joint.timeline->at_ns;
        if (!std::is_sorted(times.begin(), times.end())) return "the times are not sorted";
        const auto count_at = [](const Term& term, std::int64_t time) {
            return std::count(term.timeline->at_ns.begin(), term.timeline->at_ns.end(), time);
        };
        for (std::size_t i = 0; i < times.size(); ++i) {
            const auto here = std::count(times.begin(), times.end(), times[i]);
            if (here != std::max(count_at(left, times[i]), count_at(right, times[i])))
                return "how many samples at a time";
            const std::size_t place = i - static_cast<std::size_t>(std::find(times.begin(), times.end(), times[i]) -
                                                                   times.begin()); // among those of this time
            for (const auto& [term, index] : {std::pair(&left, joint.left[i]), std::pair(&right, joint.right[i])}) {
                std::uint32_t wanted = eval::Joint::none;
                std::size_t same_time = 0;
                for (std::size_t j = 0; j < term->size(); ++j) {
                    if (term->timeline->at_ns[j] > times[i]) break;
                    if (term->timeline->at_ns[j] == times[i] && same_time++ > place) break;
                    wanted = static_cast<std::uint32_t>(j);
                }
                if (index != wanted) return "which sample is in force at sample " + std::to_string(i);
            }
        }
        return std::nullopt;
    });
}

TEST_CASE("a sum lacks what either side lacks, and a quotient of series skips it") {
    for_all(trials, [](const Trial& trial) -> std::optional<std::string> {
        const Term left = term_of(trial.first);
        const Term right = term_of(trial.second);
        const auto joint = join(left.timeline, right.timeline);
        const Term sum = calculate(eval::Arithmetic::add, left, right);
        const Term ratio = calculate(eval::Arithmetic::divide, left, right);
        for (std::size_t i = 0; i < joint.left.size(); ++i) {
            const auto l = joint.left[i];
            const auto r = joint.right[i];
            std::vector<Slot> slots;
            slots.push_back(l == eval::Joint::none ? Slot::skipped : left.slots[l]);
            slots.push_back(r == eval::Joint::none ? Slot::skipped : right.slots[r]);
            const auto either = [&](Slot slot) { return slots[0] == slot || slots[1] == slot; };
            Slot wanted = either(Slot::undefined) ? Slot::undefined : Slot::value;
            if (either(Slot::missing)) wanted = Slot::missing;
            if (either(Slot::skipped)) wanted = Slot::skipped;
            if (sum.slots[i] != wanted) return "the sum at sample " + std::to_string(i);
            if (wanted == Slot::value && !same(sum.values[i], left.values[l] + right.values[r]))
                return "the sum's value";
            if (wanted == Slot::missing) wanted = Slot::skipped;
            if (wanted == Slot::value && right.values[r] == 0) wanted = Slot::undefined;
            if (ratio.slots[i] != wanted) return "the quotient at sample " + std::to_string(i);
            if (wanted == Slot::value && !same(ratio.values[i], left.values[l] / right.values[r]))
                return "the quotient's value";
        }
        return std::nullopt;
    });
}

TEST_CASE("a reduction is of the values of its phase") {
    using eval::Reduction;
    for_all(trials, [](const Trial& trial) -> std::optional<std::string> {
        const Term term = term_of(trial.first);
        const std::optional<int> phase = trial.number == 4 ? std::nullopt : std::optional(trial.number - 1);
        std::vector<double> values;
        bool undefined = false;
        for (std::size_t i = 0; i < term.size(); ++i) {
            if (phase && term.timeline->phase[i] != *phase) continue;
            undefined = undefined || term.slots[i] == Slot::undefined;
            if (term.slots[i] == Slot::value) values.push_back(term.values[i]);
        }
        for (const auto reduction :
             {Reduction::first, Reduction::last, Reduction::mean, Reduction::min, Reduction::max, Reduction::delta}) {
            const Term found = reduce(term, reduction, phase);
            const bool enough = values.size() >= (reduction == Reduction::delta ? 2 : 1);
            if ((found.slots[0] == Slot::value) != (enough && !undefined)) return "whether there is a value";
            if (!enough || undefined) continue;
            double sum = 0;
            for (const double value : values) sum += value;
            const bool number = std::none_of(values.begin(), values.end(), [](double v) { return std::isnan(v); });
            double wanted = none;
            if (reduction == Reduction::first) wanted = values.front();
            if (reduction == Reduction::last) wanted = values.back();
            if (reduction == Reduction::delta) wanted = values.back() - values.front();
            if (reduction == Reduction::mean) wanted = sum / static_cast<double>(values.size());
            if (reduction == Reduction::min && number) wanted = *std::min_element(values.begin(), values.end());
            if (reduction == Reduction::max && number) wanted = *std::max_element(values.begin(), values.end());
            if (!same(found.values[0], wanted))
                return "the value of reduction " + std::to_string(static_cast<int>(reduction));
        }
        return std::nullopt;
    });
}

// A formula of several operators, of a series whose values are moved by `by`, up and down in turns.
static Condition nested(const Trial& trial, double by) {
    auto [first, second] = [&] {
        Trial moved = trial;
        for (std::size_t i = 0; i < moved.first.size(); ++i) moved.first[i].value += i % 2 == 0 ? by : -by;
        for (std::size_t i = 0; i < moved.second.size(); ++i) moved.second[i].value += i % 3 == 0 ? by : -by;
        return on_one_clock(moved);
    }();
    const auto window = window_of(trial);
    switch (trial.number) {
    case 1: return always(disjunction(negation(rises(first)), eventually(second, window)), window);
    case 2: return eventually(conjunction(falls(second), always(first, window)), window);
    case 3: return negation(until(disjunction(first, second), conjunction(first, negation(second)), window));
    default: return until(eventually(first, window), rises(second), window);
    }
}

TEST_CASE("values that move by less than the robustness change no answer, and its sign is the answer's") {
    for_all(trials, [](const Trial& trial) -> std::optional<std::string> {
        const Condition condition = nested(trial, 0);
        for (std::size_t i = 0; i < condition.size(); ++i) {
            if (!certain(condition.truth[i])) continue;
            const double robustness = condition.robustness[i];
            const std::string where = " at sample " + std::to_string(i);
            if (condition.truth[i] == Truth::yes ? robustness < 0 : robustness > 0) return "the sign" + where;
            if (!std::isfinite(robustness) || robustness == 0) continue;
            const auto fixed = [](const RandomSample& s) { return s.slot != Slot::value || !std::isfinite(s.value); };
            if (std::any_of(trial.first.begin(), trial.first.end(), fixed) ||
                std::any_of(trial.second.begin(), trial.second.end(), fixed))
                continue; // what has no value cannot be moved
            for (const double by : {0.9 * robustness, -0.9 * robustness})
                if (nested(trial, by).truth[i] != condition.truth[i]) return "moved by " + std::to_string(by) + where;
        }
        return std::nullopt;
    });
}
