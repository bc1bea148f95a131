// SPDX-License-Identifier: GPL-2.0-only
#include "stats/compare.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace ktstr::stats {

namespace {

struct Group {
    std::vector<const Row*> a;
    std::vector<const Row*> b;
};

// The values that a metric has in the runs that were measured, by metric.
std::vector<std::vector<double>> values_of(const std::vector<const Row*>& rows, std::size_t metrics) {
    std::vector<std::vector<double>> values(metrics);
    for (const auto* row : rows)
        if (row->measured())
            for (const auto& [metric, value] : row->values) values[metric].push_back(value);
    return values;
}

bool is_beyond_gates(const Change& change) {
    const Definition& definition = *change.metric.definition;
    const double difference = std::fabs(change.b.mean - change.a.mean);
    if (difference == 0 || difference < definition.absolute_gate) return false;
    return !change.relative || std::fabs(*change.relative) >= definition.relative_gate;
}

// Of the logarithms where all values have one: what disturbs a measurement slows it by a factor, so that large values
// vary more than small ones, and a test of the values themselves would not see what a glance does.
std::optional<double> chance_of(std::vector<double> a, std::vector<double> b) {
    if (a.size() < 2 || b.size() < 2) return std::nullopt; // single runs, of which a pool may have thousands
    const auto is_positive = [](double value) { return value > 0; };
    if (std::all_of(a.begin(), a.end(), is_positive) && std::all_of(b.begin(), b.end(), is_positive))
        for (auto* side : {&a, &b})
            for (double& value : *side) value = std::log(value);
    const auto test = welch(summarize(a), summarize(b));
    return test ? std::optional(test->p) : std::nullopt;
}

Change change_of(const Metric& metric, const std::vector<double>& a, const std::vector<double>& b) {
    Change change;
    change.metric = metric;
    change.a = summarize(a);
    change.b = summarize(b);
    if (change.a.mean != 0) change.relative = (change.b.mean - change.a.mean) / std::fabs(change.a.mean);
    change.beyond_gates = is_beyond_gates(change);
    change.apart = disjoint(change.a, change.b);
    if (!metric.definition->exact) change.p = chance_of(a, b);
    return change;
}

VerdictChange verdict_change(const Endings& a, const Endings& b) {
    if (a.failed == 0 && b.failed > 0) return VerdictChange::fails_now;
    if (a.failed > 0 && b.failed == 0) return VerdictChange::fails_no_more;
    const auto kind = [](const Endings& endings) {
        return std::tuple(endings.passed > 0, endings.skipped > 0, endings.inconclusive > 0,
                          endings.expected_failures > 0);
    };
    return kind(a) == kind(b) ? VerdictChange::none : VerdictChange::other;
}

Pair pair_of(const Group& group, const MetricTable& metrics, const Pairing& pairing) {
    Pair pair;
    pair.scenario = group.a.front()->scenario;
    pair.words = pairing.words(*group.a.front());
    for (const auto* row : group.a) pair.a.add(*row);
    for (const auto* row : group.b) pair.b.add(*row);
    pair.verdict = verdict_change(pair.a, pair.b);
    const auto a = values_of(group.a, metrics.size());
    const auto b = values_of(group.b, metrics.size());
    for (std::uint32_t id = 0; id < metrics.size(); ++id) {
        if (!a[id].empty() && !b[id].empty()) pair.changes.push_back(change_of(metrics[id], a[id], b[id]));
        if (pair.a.passed == 0 || pair.b.passed == 0 || a[id].empty() == b[id].empty()) continue;
        (a[id].empty() ? pair.only_b : pair.only_a).push_back(metrics[id].name);
    }
    std::sort(pair.only_a.begin(), pair.only_a.end());
    std::sort(pair.only_b.begin(), pair.only_b.end());
    std::sort(pair.changes.begin(), pair.changes.end(),
              [](const Change& x, const Change& y) { return x.metric.name < y.metric.name; });
    return pair;
}

Judgement judgement_of(const Change& change, const Rules& rules) {
    if (change.metric.better == Polarity::none) return Judgement::shown;
    const bool single = change.a.count < 2 || change.b.count < 2;
    if (single && !rules.single_runs) return Judgement::single;
    if (!change.beyond_gates) return Judgement::same;
    if (!single && !change.apart) return Judgement::same;
    if (change.adjusted_p && *change.adjusted_p >= rules.level) return Judgement::same;
    const bool rose = change.b.mean > change.a.mean;
    return rose == (change.metric.better == Polarity::higher) ? Judgement::better : Judgement::worse;
}

void judge(std::vector<Pair>& pairs, const Rules& rules) {
    std::vector<Change*> tested;
    std::vector<double> p;
    for (auto& pair : pairs)
        for (auto& change : pair.changes)
            if (change.metric.better != Polarity::none && change.p) {
                tested.push_back(&change);
                p.push_back(*change.p);
            }
    const auto adjusted = holm(p);
    for (std::size_t i = 0; i < tested.size(); ++i) tested[i]->adjusted_p = adjusted[i];
    for (auto& pair : pairs)
        for (auto& change : pair.changes) change.judgement = judgement_of(change, rules);
}

std::string named(const Row& row, const Pairing& pairing) { return row.scenario + " (" + pairing.words(row) + ")"; }

} // namespace

std::string_view to_string(Judgement judgement) {
    switch (judgement) {
    case Judgement::same: return "same";
    case Judgement::better: return "better";
    case Judgement::worse: return "worse";
    case Judgement::shown: return "shown";
    case Judgement::single: return "single";
    }
    return "";
}

void Endings::add(const Row& row) {
    switch (row.outcome) {
    case eval::Outcome::pass: ++(row.expected_failure ? expected_failures : passed); break;
    case eval::Outcome::skip: ++skipped; break;
    case eval::Outcome::inconclusive: ++inconclusive; break;
    case eval::Outcome::fail:
        if (failed++ == 0) message = row.message;
        break;
    }
}

std::string Endings::words() const {
    std::string words;
    const auto add = [&words](std::size_t count, const char* what) {
        if (count > 0) words.append(words.empty() ? "" : ", ").append(std::to_string(count)).append(what);
    };
    add(passed, " passed");
    add(failed, " failed");
    add(inconclusive, " inconclusive");
    add(skipped, " skipped");
    add(expected_failures, expected_failures == 1 ? " expected failure" : " expected failures");
    return words.empty() ? "nothing" : words;
}

std::size_t Comparison::count(Judgement judgement) const {
    std::size_t found = 0;
    for (const auto& pair : pairs)
        found += static_cast<std::size_t>(
            std::count_if(pair.changes.begin(), pair.changes.end(),
                          [judgement](const Change& change) { return change.judgement == judgement; }));
    return found;
}

std::size_t Comparison::count(VerdictChange change) const {
    return static_cast<std::size_t>(
        std::count_if(pairs.begin(), pairs.end(), [change](const Pair& pair) { return pair.verdict == change; }));
}

std::size_t Comparison::judged() const {
    return count(Judgement::same) + count(Judgement::better) + count(Judgement::worse);
}

bool Comparison::can_be_judged() const { return judged() > 0 || count(VerdictChange::fails_now) > 0; }

bool Comparison::regressed() const { return count(Judgement::worse) > 0 || count(VerdictChange::fails_now) > 0; }

Comparison compare(const Side& a, const Side& b, const MetricTable& metrics, const Pairing& pairing,
                   const Rules& rules) {
    Comparison comparison{.a = a.label, .b = b.label, .rules = rules};
    std::map<std::string, Group> groups;
    for (const auto* row : a.rows) {
        groups[pairing.key(*row)].a.push_back(row);
        comparison.all_a.add(*row);
    }
    for (const auto* row : b.rows) {
        groups[pairing.key(*row)].b.push_back(row);
        comparison.all_b.add(*row);
    }
    for (const auto& [key, group] : groups) {
        if (group.b.empty())
            comparison.only_a.push_back(named(*group.a.front(), pairing));
        else if (group.a.empty())
            comparison.only_b.push_back(named(*group.b.front(), pairing));
        else
            comparison.pairs.push_back(pair_of(group, metrics, pairing));
    }
    judge(comparison.pairs, rules);
    return comparison;
}

} // namespace ktstr::stats
