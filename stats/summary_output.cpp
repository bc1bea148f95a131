// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "interp/eval/units.h"
#include "report/plan_words.h"
#include "report/table.h"
#include "stats/summary.h"

namespace ktstr::stats {

namespace {

using nlohmann::json;
using report::printable_line;
using report::Table;
using Align = Table::Align;

constexpr std::size_t shown_failures = 20;
constexpr std::size_t shown_metrics = 24;
constexpr std::size_t shown_profiles = 6;
constexpr std::size_t shown_callbacks = 6;
constexpr std::size_t shown_unreadable = 5;
constexpr const char* indent = "  ";
constexpr std::size_t indented = 2;

std::string heading(const char* text, const TextOptions& options) { return "\n" + options.style.bold(text) + "\n"; }

std::string more(std::size_t all, std::size_t shown) {
    return all <= shown ? "" : "  ... and " + std::to_string(all - shown) + " more (--all shows them)\n";
}

std::size_t most(std::size_t limit, const TextOptions& options) { return options.all ? SIZE_MAX : limit; }

std::string percent(double part) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f %%", 100 * part);
    return text.data();
}

std::string fitted(Table table, std::size_t column, const TextOptions& options, std::size_t limit = SIZE_MAX) {
    table.fit(column, options.columns - std::min(options.columns, indented));
    return table.text(options.style, indent, limit);
}

std::string head(const RunSummary& summary) {
    std::string text = "run " + printable_line(summary.run) + ": " + summary.endings.words() + "\n";
    if (summary.first.empty()) return text;
    text += "  from " + printable_line(summary.first) + " to " + printable_line(summary.last);
    if (!summary.kernels.empty()) text += "; kernel " + printable_line(report::joined(summary.kernels));
    if (!summary.commits.empty()) text += "; commit " + printable_line(report::joined(summary.commits));
    return text + "\n";
}

std::string rows_text(const char* title, const std::vector<const Row*>& rows, const TextOptions& options) {
    if (rows.empty()) return "";
    Table table({{"scenario"}, {"topology"}, {"scheduler"}, {"because"}});
    for (const auto* row : rows)
        table.add({report::cut_to_width(printable_line(row->scenario), 30), printable_line(row->topology),
                   printable_line(row->scheduler), printable_line(row->message)},
                  &report::Style::red);
    const std::size_t limit = most(shown_failures, options);
    return heading(title, options) + fitted(std::move(table), 3, options, limit) + more(rows.size(), limit);
}

std::string worst_text(const RunSummary& summary, const TextOptions& options) {
    if (summary.worst.empty()) return "";
    Table table({{"metric"}, {"worst", Align::right}, {"of", Align::right}, {"scenario"}});
    for (const auto& one : summary.worst)
        table.add({report::cut_to_width(printable_line(one.metric.name), 36), human_value(one.value, one.metric.unit),
                   std::to_string(one.records), printable_line(one.row->scenario)});
    const std::size_t limit = most(shown_metrics, options);
    return heading("Worst numbers of what passed", options) + fitted(std::move(table), 3, options, limit) +
           more(summary.worst.size(), limit);
}

std::string programs_text(const RunSummary& summary, const TextOptions& options) {
    if (summary.programs.empty()) return "";
    Table table({{""}, {"program"}, {"verified insns", Align::right}, {"of the limit", Align::right}});
    std::string warnings;
    for (const auto& program : summary.programs) {
        table.add({program.near_limit() ? "!" : "", printable_line(program.name),
                   std::to_string(static_cast<std::uint64_t>(program.instructions)), percent(program.part_of_limit())},
                  &report::Style::yellow);
        if (program.near_limit())
            warnings +=
                "  " +
                options.style.yellow("warning: the verifier may refuse a larger " + printable_line(program.name) +
                                     ": it is at " + percent(program.part_of_limit()) + " of the limit") +
                "\n";
    }
    return heading("BPF verifier", options) + fitted(std::move(table), 1, options) + warnings;
}

std::string profiles_text(const RunSummary& summary, const TextOptions& options) {
    if (summary.profiles.empty()) return "";
    std::string text = heading("Callbacks", options);
    const std::size_t limit = most(shown_profiles, options);
    for (std::size_t i = 0; i < std::min(limit, summary.profiles.size()); ++i) {
        const auto& profile = summary.profiles[i];
        Table table({{"callback"}, {"runs", Align::right}, {"time", Align::right}, {"mean", Align::right}});
        for (const auto& one : profile.callbacks)
            table.add({printable_line(one.callback), eval::human_count(one.runs), eval::human_duration(one.time_ns),
                       eval::human_duration(one.mean_ns())});
        text += "  " +
                report::cut_to_width(printable_line(profile.scenario + " (" + profile.words + ")"),
                                     options.columns - std::min(options.columns, indented)) +
                "\n" + table.text(options.style, "    ", most(shown_callbacks, options));
    }
    return text + more(summary.profiles.size(), limit);
}

std::string kvm_text(const RunSummary& summary, const TextOptions& options) {
    if (summary.kvm.empty()) return "";
    Table table({{"statistic"}, {"mean of the runs", Align::right}});
    for (const auto& [name, value] : summary.kvm) table.add({printable_line(name), eval::human_count(value)});
    return heading("KVM", options) + fitted(std::move(table), 0, options);
}

std::string unreadable_text(const RunSummary& summary, const TextOptions& options) {
    if (summary.unreadable.empty()) return "";
    std::string text = heading("Not read", options);
    const std::size_t limit = most(shown_unreadable, options);
    const std::size_t room = options.columns - std::min(options.columns, indented);
    for (std::size_t i = 0; i < std::min(limit, summary.unreadable.size()); ++i) {
        const auto& file = summary.unreadable[i];
        text += "  " + printable_line(file.path) + "\n    " +
                report::cut_to_width(printable_line(file.reason), room - 2) + "\n";
    }
    return text + more(summary.unreadable.size(), limit) + "  " +
           report::count_words(summary.unreadable.size(), "file") +
           " not in these numbers; `ktstr stats explain` says why, and what to do\n";
}

json row_json(const Row& row) {
    return {{"scenario", row.scenario}, {"topology", row.topology}, {"scheduler", row.scheduler},
            {"kernel", row.kernel},     {"message", row.message},   {"path", row.path}};
}

json rows_json(const std::vector<const Row*>& rows) {
    json list = json::array();
    for (const auto* row : rows) list.push_back(row_json(*row));
    return list;
}

json programs_json(const RunSummary& summary) {
    json list = json::array();
    for (const auto& program : summary.programs)
        list.push_back({{"program", program.name},
                        {"verified_insns", program.instructions},
                        {"part_of_limit", program.part_of_limit()},
                        {"near_limit", program.near_limit()}});
    return list;
}

json profiles_json(const RunSummary& summary) {
    json list = json::array();
    for (const auto& profile : summary.profiles) {
        json callbacks = json::array();
        for (const auto& one : profile.callbacks)
            callbacks.push_back(
                {{"callback", one.callback}, {"runs", one.runs}, {"time_ns", one.time_ns}, {"mean_ns", one.mean_ns()}});
        list.push_back(
            {{"scenario", profile.scenario}, {"identity", profile.words}, {"callbacks", std::move(callbacks)}});
    }
    return list;
}

} // namespace

std::string summary_text(const RunSummary& summary, const TextOptions& options) {
    return head(summary) + rows_text("Failed", summary.failed, options) +
           rows_text("Inconclusive", summary.inconclusive, options) + worst_text(summary, options) +
           programs_text(summary, options) + profiles_text(summary, options) + kvm_text(summary, options) +
           unreadable_text(summary, options);
}

json summary_json(const RunSummary& summary) {
    json worst = json::array();
    for (const auto& one : summary.worst)
        worst.push_back({{"metric", one.metric.name},
                         {"unit", one.metric.unit},
                         {"better", to_string(one.metric.better)},
                         {"value", one.value},
                         {"records", one.records},
                         {"scenario", one.row->scenario},
                         {"path", one.row->path}});
    json unreadable = json::array();
    for (const auto& file : summary.unreadable)
        unreadable.push_back({{"path", file.path}, {"reason", file.reason}, {"way_out", file.way_out}});
    const auto& endings = summary.endings;
    return {{"root", summary.root},
            {"run", summary.run},
            {"first", summary.first},
            {"last", summary.last},
            {"kernels", summary.kernels},
            {"project_commits", summary.commits},
            {"verdicts",
             {{"passed", endings.passed},
              {"failed", endings.failed},
              {"inconclusive", endings.inconclusive},
              {"skipped", endings.skipped},
              {"expected_failures", endings.expected_failures}}},
            {"failed", rows_json(summary.failed)},
            {"inconclusive", rows_json(summary.inconclusive)},
            {"worst", std::move(worst)},
            {"values", summary.values},
            {"bpf_programs", programs_json(summary)},
            {"callbacks", profiles_json(summary)},
            {"kvm", summary.kvm},
            {"unreadable", std::move(unreadable)}};
}

} // namespace ktstr::stats
