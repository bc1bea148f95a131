// SPDX-License-Identifier: GPL-2.0-only
// How long the operators over time take for a million samples, and how that grows with their number. The floor beside
// them is one pass over the same numbers, in turns with them: no operator can be done without.
#include <chrono>
#include <functional>
#include <random>

#include "bench/figure.h"
#include "interp/eval/patterns.h"
#include "interp/eval/temporal.h"

namespace ktstr::bench {

namespace {

constexpr std::size_t small = 10'000;
constexpr std::size_t middle = 100'000;
constexpr std::size_t large = 1'000'000;
constexpr int rounds = 5;
constexpr std::int64_t step_ns = 1'000'000; // from sample to sample

// What the operators work on: a walk with ties and gaps, and conditions that change often.
struct Data {
    eval::Term term, other, elsewhere; // the last one on a clock of its own
    eval::Condition first, second;
};

eval::Term walk(std::size_t samples, unsigned seed, std::int64_t offset_ns) {
    std::mt19937 engine(seed);
    auto timeline = std::make_shared<eval::Timeline>();
    eval::Term term;
    double value = 1000;
    for (std::size_t i = 0; i < samples; ++i) {
        value += static_cast<double>(engine() % 21) - 10;
        timeline->at_ns.push_back(offset_ns + static_cast<std::int64_t>(i) * step_ns);
        timeline->phase.push_back(static_cast<int>(2 * i / samples));
        timeline->tags.emplace_back("sample");
        term.values.push_back(value);
        term.slots.push_back(engine() % 100 == 0 ? eval::Slot::missing : eval::Slot::value);
    }
    term.timeline = std::move(timeline);
    return term;
}

Data data_of(std::size_t samples) {
    Data data{walk(samples, 1, 0), walk(samples, 2, 0), walk(samples, 3, step_ns / 2), {}, {}};
    data.other.timeline = data.term.timeline;
    data.first = compare(data.term, plan::Comparison::less, data.other);
    data.second = compare(data.other, plan::Comparison::greater, eval::constant_term(1000));
    return data;
}

struct Operator {
    std::string name;
    std::function<double(const Data& data)> run; // returns something of the result, so that it must be made
};

const std::vector<Operator>& operators() {
    using namespace eval;
    static const Window window{.from_ns = 5 * step_ns, .to_ns = 2000 * step_ns}; // of about 2,000 samples
    const auto condition = [](const Condition& made) { return made.robustness.back(); };
    const auto term = [](const Term& made) { return made.values.back(); };
    const auto answer = [](const Answer& made) { return made.robustness; };
    static const std::vector<Operator> all = {
        {"compare", [=](const Data& d) { return condition(compare(d.term, plan::Comparison::less, d.other)); }},
        {"not", [=](const Data& d) { return condition(negation(d.first)); }},
        {"and", [=](const Data& d) { return condition(conjunction(d.first, d.second)); }},
        {"or", [=](const Data& d) { return condition(disjunction(d.first, d.second)); }},
        {"implies", [=](const Data& d) { return condition(disjunction(negation(d.first), d.second)); }},
        {"rise", [=](const Data& d) { return condition(rises(d.first)); }},
        {"fall", [=](const Data& d) { return condition(falls(d.first)); }},
        {"always", [=](const Data& d) { return condition(always(d.first, window)); }},
        {"eventually", [=](const Data& d) { return condition(eventually(d.first, window)); }},
        {"until", [=](const Data& d) { return condition(until(d.first, d.second, window)); }},
        {"sustained", [=](const Data& d) { return answer(sustained(d.first, 50)); }},
        {"nondecreasing", [=](const Data& d) { return answer(nondecreasing(d.term)); }},
        {"increasing", [=](const Data& d) { return answer(increasing(d.term)); }},
        {"steady", [=](const Data& d) { return answer(steady(d.term, 0.1, 0)); }},
        {"converges", [=](const Data& d) { return answer(converges(d.term, 1e9, 1, INT64_MAX)); }},
        {"rate", [=](const Data& d) { return term(rate_of(d.term)); }},
        {"ratio", [=](const Data& d) { return term(calculate(Arithmetic::divide, d.term, d.other)); }},
        {"two_clocks", [=](const Data& d) { return term(calculate(Arithmetic::add, d.term, d.elsewhere)); }},
        {"delta", [=](const Data& d) { return term(reduce(d.term, Reduction::delta, 1)); }},
        {"mean", [=](const Data& d) { return term(reduce(d.term, Reduction::mean, {})); }}};
    return all;
}

double sink = 0; // whatever is added to it has been calculated

double milliseconds(const Operator& one, const Data& data, std::size_t times = 1) {
    const auto started = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < times; ++i) sink += one.run(data);
    const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - started;
    return taken.count() / static_cast<double>(times);
}

Figure figure(std::string name, double value, std::string unit, std::optional<double> bound = {}) {
    return {.bench = "temporal", .name = std::move(name), .value = value, .unit = std::move(unit), .bound = bound};
}

Result<std::vector<Figure>> measure() {
    const Operator sweep{"sweep", [](const Data& data) {
                             double sum = 0;
                             for (std::size_t i = 0; i < data.term.size(); ++i)
                                 if (data.term.slots[i] == eval::Slot::value) sum += data.term.values[i];
                             return sum;
                         }};
    const Data of_small = data_of(small);
    const Data of_middle = data_of(middle);
    const Data of_large = data_of(large);
    std::vector<Figure> figures;
    std::vector<double> floors;
    for (const auto& one : operators()) {
        std::vector<double> times, growth, late_growth;
        for (int round = 0; round < rounds; ++round) {
            floors.push_back(milliseconds(sweep, of_large));
            times.push_back(milliseconds(one, of_large));
            const double ten = milliseconds(one, of_middle, 10);
            growth.push_back(ten / milliseconds(one, of_small, 100) / (middle / small));
            late_growth.push_back(times.back() / ten / (large / middle));
        }
        figures.push_back(figure(one.name + "_1000000", median(times), "ms", 100));
        figures.push_back(figure(one.name + "_growth_10000_to_100000", median(growth), "ratio", 2));
        figures.push_back(figure(one.name + "_growth_100000_to_1000000", median(late_growth), "ratio", 2));
    }
    figures.push_back(figure("sweep_1000000", median(floors), "ms"));
    if (sink == 1) return Error{"nothing was calculated"};
    return figures;
}

} // namespace

} // namespace ktstr::bench

int main() { return ktstr::bench::finish(ktstr::bench::measure()); }
