// SPDX-License-Identifier: GPL-2.0-only
#include "stats/comparison_output.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "report/plan_words.h"
#include "report/table.h"

namespace ktstr::stats {

namespace {

using nlohmann::json;
using report::printable_line;
using report::Table;
using Align = Table::Align;

constexpr std::size_t shown_scenarios = 8; // of those that one side has alone

std::string formatted(const char* format, double value) {
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), format, value);
    return text.data();
}

// "12.3 ms ±2 %"; without the deviation if there is one run.
std::string mean_words(const Summary& summary, const std::string& unit) {
    std::string words = human_value(summary.mean, unit);
    if (summary.count < 2) return words;
    if (summary.mean == 0) return words + " ±" + human_value(summary.sd, unit);
    const double percent = 100 * summary.sd / std::fabs(summary.mean);
    return words + formatted(percent < 9.5 ? " ±%.1f%%" : " ±%.0f%%", percent);
}

std::string change_words(const Change& change) {
    if (!change.relative) return change.b.mean == 0 ? "0" : "from 0";
    const double percent = 100 * *change.relative;
    if (std::fabs(percent) >= 999.5) return formatted("x%.3g", change.b.mean / change.a.mean);
    return formatted(std::fabs(percent) < 9.95 ? "%+.1f%%" : "%+.0f%%", percent);
}

std::string p_words(const std::optional<double>& p) {
    if (!p) return "-";
    if (*p < 0.0005) return "<.001";
    return formatted("%.3f", *p);
}

// The unit is in the values.
std::string name_words(const Metric& metric) {
    std::string_view name = metric.name;
    for (const std::string_view suffix : {"_ns", "_ms", "_bytes"})
        if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
    return printable_line(name);
}

report::Style::Paint paint_of(Judgement judgement) {
    if (judgement == Judgement::worse) return &report::Style::red;
    return judgement == Judgement::better ? &report::Style::green : &report::Style::dim;
}

bool is_shown(const Change& change, const TextOptions& options) {
    if (change.judgement == Judgement::worse || change.judgement == Judgement::better || options.all) return true;
    const bool same_always = change.a.least == change.b.most && change.b.least == change.a.most;
    return options.judged && !same_always &&
           (change.judgement == Judgement::same || change.judgement == Judgement::single);
}

std::string title_of(const Pair& pair) {
    return printable_line(pair.scenario) + (pair.words.empty() ? "" : " (" + printable_line(pair.words) + ")");
}

std::string runs_words(const Pair& pair) {
    if (pair.a.passed == 1 && pair.b.passed == 1) return "one run a side";
    return std::to_string(pair.a.passed) + " and " + std::to_string(pair.b.passed) + " runs";
}

// "only A has worst_gap_ms and 2 more metrics, which are not compared"
std::string one_sided_line(const std::vector<std::string>& metrics, const char* side, const TextOptions& options) {
    if (metrics.empty()) return "";
    const std::string more = metrics.size() == 1
                                 ? ", which is"
                                 : " and " + report::count_words(metrics.size() - 1, "more metric") + ", which are";
    const std::string text =
        "only " + std::string(side) + " has " + printable_line(metrics.front()) + more + " not compared";
    return "  " + report::cut_to_width(text, options.columns - std::min<std::size_t>(options.columns, 2)) + "\n";
}

std::string metric_table(const Pair& pair, const TextOptions& options) {
    Table table({{"verdict"},
                 {"metric"},
                 {"A", Align::right},
                 {"B", Align::right},
                 {"change", Align::right},
                 {"p", Align::right}});
    for (const auto& change : pair.changes)
        if (is_shown(change, options))
            table.add({std::string(to_string(change.judgement)), name_words(change.metric),
                       mean_words(change.a, change.metric.unit), mean_words(change.b, change.metric.unit),
                       change_words(change), p_words(change.adjusted_p)},
                      paint_of(change.judgement));
    const std::string one_sided = one_sided_line(pair.only_a, "A", options) + one_sided_line(pair.only_b, "B", options);
    if (table.size() == 0 && one_sided.empty()) return "";
    table.fit(1, options.columns - std::min<std::size_t>(options.columns, 2));
    return "\n" + options.style.bold(report::cut_to_width(title_of(pair) + ", " + runs_words(pair), options.columns)) +
           "\n" + (table.size() == 0 ? "" : table.text(options.style, "  ")) + one_sided;
}

std::string verdict_words(VerdictChange change) {
    switch (change) {
    case VerdictChange::fails_now: return "fails now";
    case VerdictChange::fails_no_more: return "fails no more";
    case VerdictChange::other: return "another verdict";
    case VerdictChange::none: break;
    }
    return "";
}

std::string verdict_lines(const Pair& pair, const TextOptions& options) {
    const std::string words = verdict_words(pair.verdict);
    const auto paint = pair.verdict == VerdictChange::fails_now       ? &report::Style::red
                       : pair.verdict == VerdictChange::fails_no_more ? &report::Style::green
                                                                      : &report::Style::yellow;
    const auto line = [&](const std::string& text) {
        return "    " + report::cut_to_width(text, options.columns - std::min<std::size_t>(options.columns, 4)) + "\n";
    };
    std::string lines =
        "  " + (options.style.*paint)(words) + ": " +
        report::cut_to_width(title_of(pair), options.columns - std::min(options.columns, words.size() + 4)) + "\n" +
        line("A: " + pair.a.words() + "; B: " + pair.b.words());
    if (!pair.b.message.empty()) lines += line("B: " + printable_line(pair.b.message));
    if (!pair.a.message.empty()) lines += line("A: " + printable_line(pair.a.message));
    return lines;
}

std::string verdicts_text(const Comparison& comparison, const TextOptions& options) {
    std::string text;
    for (const auto change : {VerdictChange::fails_now, VerdictChange::fails_no_more, VerdictChange::other})
        for (const auto& pair : comparison.pairs)
            if (pair.verdict == change) text += verdict_lines(pair, options);
    return text.empty() ? "" : "\n" + options.style.bold("Verdicts that changed") + "\n" + text;
}

std::string only_text(const std::vector<std::string>& scenarios, const char* side, std::size_t columns) {
    std::string text;
    if (scenarios.empty()) return text;
    text = "\nin " + std::string(side) +
           " alone, and so not compared: " + report::count_words(scenarios.size(), "scenario") + "\n";
    for (std::size_t i = 0; i < std::min(shown_scenarios, scenarios.size()); ++i)
        text += "  " + report::cut_to_width(printable_line(scenarios[i]), columns - std::min<std::size_t>(columns, 2)) +
                "\n";
    if (scenarios.size() > shown_scenarios)
        text += "  ... and " + std::to_string(scenarios.size() - shown_scenarios) + " more\n";
    return text;
}

json summary_json(const Summary& summary) {
    return {{"runs", summary.count},
            {"mean", summary.mean},
            {"sd", summary.sd},
            {"min", summary.least},
            {"max", summary.most}};
}

json change_json(const Change& change) {
    const auto or_null = [](const std::optional<double>& value) { return value ? json(*value) : json(); };
    return {{"metric", change.metric.name},
            {"unit", change.metric.unit},
            {"better", to_string(change.metric.better)},
            {"a", summary_json(change.a)},
            {"b", summary_json(change.b)},
            {"change", change.b.mean - change.a.mean},
            {"relative_change", or_null(change.relative)},
            {"absolute_gate", change.metric.definition->absolute_gate},
            {"relative_gate", change.metric.definition->relative_gate},
            {"beyond_gates", change.beyond_gates},
            {"disjoint", change.apart},
            {"p", or_null(change.p)},
            {"adjusted_p", or_null(change.adjusted_p)},
            {"judgement", to_string(change.judgement)}};
}

json endings_json(const Endings& endings) {
    return {{"passed", endings.passed},
            {"failed", endings.failed},
            {"inconclusive", endings.inconclusive},
            {"skipped", endings.skipped},
            {"expected_failures", endings.expected_failures},
            {"message", endings.message.empty() ? json() : json(endings.message)}};
}

} // namespace

std::string conclusion(const Comparison& comparison) {
    if (!comparison.can_be_judged()) {
        if (comparison.pairs.empty()) return "cannot be judged: no scenario is on both sides";
        return "cannot be judged: no scenario has enough runs on both sides that passed";
    }
    std::vector<std::string> parts;
    if (const auto failing = comparison.count(VerdictChange::fails_now); failing > 0)
        parts.push_back(report::count_words(failing, "scenario") + (failing == 1 ? " fails now" : " fail now"));
    if (const auto worse = comparison.count(Judgement::worse); worse > 0)
        parts.push_back(report::count_words(worse, "metric") + " worse");
    if (parts.empty()) parts.emplace_back("no regression");
    if (const auto better = comparison.count(Judgement::better); better > 0)
        parts.push_back(report::count_words(better, "metric") + " better");
    if (const auto fixed = comparison.count(VerdictChange::fails_no_more); fixed > 0)
        parts.push_back(report::count_words(fixed, "scenario") + (fixed == 1 ? " fails no more" : " fail no more"));
    return std::string(comparison.regressed() ? "worse: " : "") + report::joined(parts) + " (" +
           report::count_words(comparison.judged(), "metric") + " of " +
           report::count_words(comparison.pairs.size(), "scenario") + " judged)";
}

std::string comparison_text(const Comparison& comparison, const TextOptions& options) {
    std::string text = "A: " + printable_line(comparison.a) + ": " + comparison.all_a.words() + "\n" +
                       "B: " + printable_line(comparison.b) + ": " + comparison.all_b.words() + "\n";
    text += verdicts_text(comparison, options);
    bool tested = false;
    for (const auto& pair : comparison.pairs) {
        text += metric_table(pair, options);
        for (const auto& change : pair.changes) tested = tested || change.adjusted_p.has_value();
    }
    text +=
        only_text(comparison.only_a, "A", options.columns) + only_text(comparison.only_b, "B", options.columns) + "\n";
    if (comparison.all_a.left_out() + comparison.all_b.left_out() > 0)
        text += "only runs that passed are in the numbers\n";
    if (tested)
        text += "p: Welch's test of logarithms after Holm's correction; worse and better need\np < " +
                formatted("%g", comparison.rules.level) +
                ", values that do not overlap, and both gates (ktstr stats list-metrics)\n";
    else if (comparison.judged() > 0)
        text += "judged by the gates alone, as there is one run a side: noise can pass them\n";
    return text + options.style.bold(conclusion(comparison)) + "\n";
}

json comparison_json(const Comparison& comparison) {
    json scenarios = json::array();
    for (const auto& pair : comparison.pairs) {
        json changes = json::array();
        for (const auto& change : pair.changes) changes.push_back(change_json(change));
        scenarios.push_back(
            {{"scenario", pair.scenario},
             {"identity", pair.words},
             {"a", endings_json(pair.a)},
             {"b", endings_json(pair.b)},
             {"verdict_change", pair.verdict == VerdictChange::none ? json() : json(verdict_words(pair.verdict))},
             {"metrics", std::move(changes)},
             {"metrics_only_in_a", pair.only_a},
             {"metrics_only_in_b", pair.only_b}});
    }
    return {{"a", {{"side", comparison.a}, {"verdicts", endings_json(comparison.all_a)}}},
            {"b", {{"side", comparison.b}, {"verdicts", endings_json(comparison.all_b)}}},
            {"level", comparison.rules.level},
            {"conclusion", conclusion(comparison)},
            {"regressed", comparison.regressed()},
            {"can_be_judged", comparison.can_be_judged()},
            {"only_a", comparison.only_a},
            {"only_b", comparison.only_b},
            {"scenarios", std::move(scenarios)}};
}

} // namespace ktstr::stats
