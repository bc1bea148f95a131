// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include "interp/eval/units.h"
#include "report/observed.h"
#include "report/reporters.h"

namespace ktstr::report {

namespace {

constexpr std::size_t shown_log_lines = 30;
constexpr std::size_t shown_columns = 200; // of a log line
constexpr std::size_t shown_state_columns = 100;

std::string assertion_text(const ScenarioResult& result, const eval::AssertionResult& assertion,
                           const ReporterOptions& options) {
    const auto mark = assertion.outcome == eval::Outcome::fail ? &Style::red : &Style::yellow;
    std::string text;
    const auto message = tail_of(printable(assertion.message), shown_log_lines);
    for (const auto& line : message.lines)
        text += "  " + (options.style.*mark)(cut_to_width(line, 4 * shown_columns)) + "\n";
    if (assertion.source.line > 0) text += "    " + options.style.dim(location(result, assertion.source)) + "\n";
    if (const auto line = options.source_line(result, assertion.source))
        text += quoted_source(*line, assertion.source, "    ");
    for (const auto& note : assertion.notes)
        text += "    note: " + cut_to_width(printable_line(note), 4 * shown_columns) + "\n";
    if (!assertion.hint.empty()) text += "    hint: " + printable_line(assertion.hint) + "\n";
    return text;
}

std::string log_tail(const std::string& title, const std::string& log, const Style& style) {
    const auto tail = tail_of(log, shown_log_lines);
    if (tail.lines.empty()) return "";
    std::string text = "\n  " + title;
    if (tail.total > tail.lines.size())
        text += ", the last " + std::to_string(tail.lines.size()) + " of " + std::to_string(tail.total) + " lines";
    text += "\n";
    for (const auto& line : tail.lines)
        text += "    " + style.dim("| ") + cut_to_width(printable_line(line), shown_columns) + "\n";
    return text;
}

std::string scheduler_exits(const std::vector<plan::SchedulerExit>& exits) {
    std::string text;
    for (const auto& exit : exits) {
        if (exit.requested) continue; // the executor ended it, as it should
        const auto lines = tail_of(printable(exit.text()), shown_log_lines).lines;
        for (const auto& line : lines) text += "    " + cut_to_width(line, shown_columns) + "\n";
    }
    return text.empty() ? "" : "\n  Scheduler's exit\n" + text;
}

// What the payloads that failed have said last.
std::string payload_logs(const ScenarioResult& result, const Style& style) {
    std::string text;
    for (const auto& report : result.record.payloads) {
        const bool failed = !report.error.empty() || report.signal != 0 || report.exit_code > 0;
        if (!failed || (report.error.empty() && report.ended_by != "itself")) continue;
        const std::string who = "Payload " + report.name + (report.cgroup.empty() ? "" : " in " + report.cgroup);
        const bool quiet = report.err.text.empty();
        const std::string log = log_tail(printable_line(who) + (quiet ? ", standard output" : ", standard error"),
                                         quiet ? report.out.text : report.err.text, style);
        text += log.empty() ? "\n  " + printable_line(who) + " wrote nothing\n" : log;
    }
    return text;
}

// What the scheduler had counted when the kernel let go of it.
std::string last_state(const ScenarioResult& result, const Style& style) {
    std::string text;
    for (const auto& snapshot : result.record.snapshots) {
        if (snapshot.trigger != "scheduler_exit") continue;
        const auto lines = snapshot_lines(snapshot, shown_state_columns);
        if (lines.empty()) continue;
        text += "\n  Scheduler's state when it went, at +" + eval::human_duration(static_cast<double>(snapshot.at_ns)) +
                " (all of it: snapshot scheduler_exit of the record)\n";
        for (const auto& line : lines)
            text += "    " + style.dim("| ") + cut_to_width(printable_line(line), shown_columns) + "\n";
    }
    return text;
}

} // namespace

std::string failure_details(const ScenarioResult& result, const ReporterOptions& options) {
    std::string text;
    for (const auto* failure : result.verdict.failures())
        text += (text.empty() ? "" : "\n") + assertion_text(result, *failure, options);
    text += timeline_picture(result, options.style);
    text += worker_table(result.record.workers, options.style);
    text += latency_table(result.record, options.style);
    text += metric_table(result, options.style);
    text += program_table(result.record.programs, options.style);
    text += payload_logs(result, options.style);
    text += scheduler_exits(result.record.scheduler_exits);
    text += last_state(result, options.style);
    text += log_tail("Scheduler's log", result.record.scheduler_log, options.style);
    text += log_tail("Kernel console", result.record.console, options.style);
    return text;
}

std::string pass_details(const ScenarioResult& result, const ReporterOptions& options) {
    std::string text;
    for (const auto& assertion : result.verdict.assertions)
        text += "  " + cut_to_width(printable_line(assertion.message), shown_columns) + "\n";
    text += worker_table(result.record.workers, options.style);
    return text + latency_table(result.record, options.style) + metric_table(result, options.style) +
           program_table(result.record.programs, options.style);
}

} // namespace ktstr::report
