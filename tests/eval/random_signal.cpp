// SPDX-License-Identifier: GPL-2.0-only
#include "tests/eval/random_signal.h"

#include <array>
#include <sstream>

namespace ktstr::test {

using eval::Slot;

namespace {

class Source {
  public:
    int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(engine_); }

    double value() {
        const int kind = below(40);
        if (kind == 0) return std::numeric_limits<double>::quiet_NaN();
        if (kind == 1) return std::numeric_limits<double>::infinity();
        return below(9) - 4; // few values, so that there are ties
    }

    std::vector<RandomSample> samples(bool faults) {
        std::vector<RandomSample> made(static_cast<std::size_t>(below(2) == 0 ? below(3) : below(16)));
        for (auto& sample : made) {
            sample.after = below(4); // 0: at the same time
            sample.value = value();
            if (!faults) continue;
            const int slot = below(20);
            sample.slot = slot < 3    ? Slot::missing
                          : slot == 3 ? Slot::undefined
                          : slot == 4 ? Slot::skipped
                                      : Slot::value;
        }
        if (!made.empty() && below(4) == 0) made[0].after = -below(6); // before the run
        return made;
    }

    Trial trial() {
        Trial made;
        const bool faults = below(3) > 0;
        made.first = samples(faults);
        made.second = samples(faults);
        made.from = below(5);
        made.length = below(8) - 1;
        made.end = below(2) == 0 ? 1000 : below(30);
        made.number = 1 + below(4);
        return made;
    }

  private:
    std::mt19937 engine_{20240229}; // the same trials in every run
};

// Everything that makes a trial smaller by one step.
std::vector<Trial> smaller(const Trial& trial) {
    std::vector<Trial> made;
    const auto with = [&](auto change) {
        Trial next = trial;
        change(next);
        made.push_back(std::move(next));
    };
    for (const auto series : {&Trial::first, &Trial::second})
        for (std::size_t i = 0; i < (trial.*series).size(); ++i) {
            with([&](Trial& t) { (t.*series).erase((t.*series).begin() + static_cast<std::ptrdiff_t>(i)); });
            const RandomSample& sample = (trial.*series)[i];
            if (sample.after > 0) with([&](Trial& t) { --(t.*series)[i].after; });
            if (sample.after < 0) with([&](Trial& t) { ++(t.*series)[i].after; });
            if (sample.slot != Slot::value) with([&](Trial& t) { (t.*series)[i].slot = Slot::value; });
            if (sample.value != 0) with([&](Trial& t) { (t.*series)[i].value = 0; });
            if (sample.value > 1) with([&](Trial& t) { (t.*series)[i].value = 1; });
        }
    if (trial.from > 0) with([](Trial& t) { --t.from; });
    if (trial.length > 0) with([](Trial& t) { --t.length; });
    if (trial.number > 1) with([](Trial& t) { --t.number; });
    if (trial.end != 1000) with([](Trial& t) { t.end = 1000; });
    return made;
}

std::string text_of(const std::vector<RandomSample>& samples) {
    constexpr std::array slots = {"", " missing", " undefined", " skipped"};
    std::ostringstream text;
    int at = 0;
    for (const auto& sample : samples) {
        at += sample.after;
        text << "  at " << at << ": " << sample.value << slots[static_cast<std::size_t>(sample.slot)] << "\n";
    }
    return samples.empty() ? "  no sample\n" : text.str();
}

} // namespace

eval::Term term_of(const std::vector<RandomSample>& samples) {
    auto timeline = std::make_shared<eval::Timeline>();
    eval::Term term;
    std::int64_t at = 0;
    for (const auto& sample : samples) {
        at += sample.after;
        timeline->at_ns.push_back(at);
        timeline->phase.push_back(at < 8 ? 0 : at < 16 ? 1 : 2);
        timeline->tags.push_back("sample_" + std::to_string(timeline->tags.size()));
        term.values.push_back(sample.slot == Slot::value ? sample.value : std::numeric_limits<double>::quiet_NaN());
        term.slots.push_back(sample.slot);
    }
    term.timeline = std::move(timeline);
    return term;
}

std::string text_of(const Trial& trial) {
    std::ostringstream text;
    text << "first:\n"
         << text_of(trial.first) << "second:\n"
         << text_of(trial.second) << "window: from " << trial.from << ", length " << trial.length << ", end "
         << trial.end << "; number " << trial.number;
    return text.str();
}

void for_all(int count, const Property& property) {
    Source source;
    for (int i = 0; i < count; ++i) {
        Trial trial = source.trial();
        auto wrong = property(trial);
        if (!wrong) continue;
        for (bool shrunk = true; shrunk;) {
            shrunk = false;
            for (auto& next : smaller(trial)) {
                auto still = property(next);
                if (!still) continue;
                trial = std::move(next);
                wrong = std::move(still);
                shrunk = true;
                break;
            }
        }
        FAIL("trial " << i << ", made smaller: " << *wrong << "\n" << text_of(trial));
    }
    SUCCEED();
}

} // namespace ktstr::test
