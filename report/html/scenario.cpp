// SPDX-License-Identifier: GPL-2.0-only
#include "report/html/scenario.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "interp/eval/units.h"
#include "report/html/escape.h"
#include "report/html/findings.h"
#include "report/reporters.h"
#include "report/timeline.h"

namespace ktstr::report::html {

namespace {

using nlohmann::json;

constexpr std::size_t shown_rows = 64;
constexpr std::size_t shown_log_lines = 200;
constexpr std::size_t shown_columns = 400; // of a log's line

std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

double number_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

Verdict verdict_of(const json& sidecar) {
    switch (report::outcome_of(sidecar)) {
    case eval::Outcome::pass: return Verdict::pass;
    case eval::Outcome::skip: return Verdict::skip;
    case eval::Outcome::inconclusive: return Verdict::inconclusive;
    case eval::Outcome::fail: return Verdict::fail;
    }
    return Verdict::fail;
}

// What the table says of it: the first finding, or why it was skipped.
std::string first_finding(const json& sidecar, Verdict verdict) {
    if (verdict == Verdict::pass) return "";
    const std::string wanted(to_string(verdict));
    for (const auto& assertion : sidecar["assertions"])
        if (assertion.is_object() && text_of(assertion, "outcome") == wanted) return text_of(assertion, "message");
    return text_of(sidecar, "message");
}

std::string fact(const std::string& name, const std::string& value) {
    return value.empty() ? "" : "<div>" + element("dt", "", name) + element("dd", "", value) + "</div>";
}

std::string facts(const json& sidecar) {
    const auto milliseconds = [&](const char* name) { return eval::human_duration(number_of(sidecar, name) * 1e6); };
    const std::string clock = text_of(sidecar, "clock");
    std::string phases;
    if (const auto list = sidecar.find("phases"); list != sidecar.end() && list->is_array())
        for (const auto& phase : *list)
            if (phase.is_object())
                phases += (phases.empty() ? "" : ", ") + text_of(phase, "phase") + " " +
                          eval::human_duration(number_of(phase, "host_ms") * 1e6);
    const json seed = sidecar.value("seed", json());
    return "<dl class=\"facts\">" +
           fact("machine", text_of(sidecar, "accelerator") + (clock.empty() ? "" : ", " + clock + " clock")) +
           fact("workload", eval::human_duration(number_of(sidecar, "workload_ns"))) +
           fact("took", milliseconds("duration_ms") + (phases.empty() ? "" : " (" + phases + ")")) +
           fact("seed", seed.is_number() ? seed.dump() : "") + fact("when", text_of(sidecar, "timestamp")) +
           fact("file", text_of(sidecar, "file")) + "</dl>\n";
}

std::string more(const std::string& title, const std::string& content) {
    return "<details class=\"more\"><summary>" + escaped(title) + "</summary>" + content + "</details>\n";
}

std::string table_of(const Table& table) {
    const auto& columns = table.columns();
    const auto cell = [&](const char* tag, std::size_t column, const std::string& text) {
        return element(tag, columns[column].align == Table::Align::right ? "r" : "", text);
    };
    std::string text = "<div class=\"wide\"><table><tr>";
    for (std::size_t i = 0; i < columns.size(); ++i) text += cell("th", i, columns[i].title);
    text += "</tr>\n";
    for (std::size_t row = 0; row < std::min(table.size(), shown_rows); ++row) {
        text += "<tr>";
        for (std::size_t i = 0; i < columns.size(); ++i) text += cell("td", i, table.cells(row)[i]);
        text += "</tr>\n";
    }
    text += "</table></div>";
    if (table.size() > shown_rows)
        text += element("p", "note", counted(table.size() - shown_rows, "more row") + " in the record");
    return text;
}

std::string time_text(std::int64_t ns) { return eval::human_duration(static_cast<double>(ns)); }

Table event_rows(const Timeline& timeline) {
    Table table({{"at", Table::Align::right}, {"step", Table::Align::right}, {"op"}, {"what it did"}});
    for (const auto& event : timeline.events)
        table.add(
            {time_text(event.at_ns), event.step < 0 ? "-" : std::to_string(event.step + 1), event.name, event.detail});
    return table;
}

Table capture_rows(const Timeline& timeline) {
    Table table({{"at", Table::Align::right},
                 {"snapshot"},
                 {"trigger"},
                 {"vCPUs stopped", Table::Align::right},
                 {"not taken because"}});
    for (const auto& capture : timeline.captures)
        table.add({time_text(capture.at_ns), capture.name, capture.trigger,
                   eval::human_duration(capture.stopped_ms * 1e6), capture.reason});
    return table;
}

Table metric_rows(const json& sidecar) {
    Table table({{"payload"}, {"cgroup"}, {"metric"}, {"value", Table::Align::right}, {"unit"}});
    const auto metrics = sidecar.find("metrics");
    if (metrics == sidecar.end() || !metrics->is_array()) return table;
    for (const auto& metric : *metrics)
        if (metric.is_object())
            table.add({text_of(metric, "payload"), text_of(metric, "cgroup"), text_of(metric, "name"),
                       eval::human_count(number_of(metric, "value")), text_of(metric, "unit")});
    return table;
}

std::string tables(const StoredRun& run) {
    const Timeline timeline = timeline_of(run.record);
    std::string text;
    const auto add = [&text](const std::string& title, const Table& table) {
        if (table.size() > 0) text += more(title + " (" + std::to_string(table.size()) + ")", table_of(table));
    };
    add("workers", worker_rows(run.record.workers));
    add("latencies", latency_rows(run.record));
    add("payloads' metrics", metric_rows(run.sidecar));
    add("ops", event_rows(timeline));
    add("snapshots", capture_rows(timeline));
    return text;
}

std::string log(const std::string& title, const std::string& content) {
    const Tail tail = tail_of(content, shown_log_lines);
    if (tail.lines.empty()) return "";
    std::string lines;
    for (const auto& line : tail.lines) lines += cut_to_width(printable_line(line), shown_columns) + "\n";
    const bool cut = tail.total > tail.lines.size();
    return more(title + " (" + (cut ? "the last " + std::to_string(tail.lines.size()) + " of " : "") +
                    counted(tail.total, "line") + ")",
                element("pre", "log", lines));
}

std::string logs(const plan::Record& record) {
    std::string text;
    for (const auto& exit : record.scheduler_exits)
        if (!exit.requested) text += log("scheduler's exit", exit.text());
    for (const auto& payload : record.payloads) {
        if (payload.error.empty() && payload.signal == 0 && payload.exit_code <= 0) continue;
        text += log("payload " + payload.name, payload.err.text.empty() ? payload.out.text : payload.err.text);
    }
    return text + log("scheduler's log", record.scheduler_log) + log("kernel console", record.console);
}

std::string body_of(const StoredFile& stored) {
    const StoredRun& run = stored.run;
    std::string body;
    if (!stored.incomplete.empty()) body += element("p", "warn", stored.incomplete);
    if (const auto message = text_of(run.sidecar, "message"); !message.empty() && findings(run.sidecar).empty())
        body += element("p", "msg", message);
    body += findings(run.sidecar) + facts(run.sidecar) + timeline_rows(run.record, judged_plots(run.sidecar));
    return body + "<div class=\"mores\">" + held(run.sidecar) + tables(run) + logs(run.record) + "</div>\n";
}

} // namespace

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
    case Verdict::fail: return "fail";
    case Verdict::unreadable: return "unreadable";
    case Verdict::inconclusive: return "inconclusive";
    case Verdict::pass: return "pass";
    case Verdict::skip: return "skip";
    }
    return "";
}

Entry entry_of(const std::filesystem::path& record) {
    const auto stored = read_stored(record);
    Entry entry;
    if (!stored) {
        entry.name = record.filename().string();
        entry.finding = entry.problem = stored.error().message;
        entry.body = element("p", "warn", stored.error().text());
        return entry;
    }
    const json& sidecar = stored->run.sidecar;
    entry.verdict = verdict_of(sidecar);
    entry.name = text_of(sidecar, "test_name");
    entry.scheduler = text_of(sidecar, "scheduler");
    entry.topology = text_of(sidecar, "topology");
    entry.kernel = text_of(sidecar, "kernel_version");
    entry.accelerator = text_of(sidecar, "accelerator");
    entry.executor = text_of(sidecar, "executor_version");
    entry.timestamp = text_of(sidecar, "timestamp");
    entry.duration_ms = number_of(sidecar, "duration_ms");
    entry.finding = first_finding(sidecar, entry.verdict);
    if (sidecar.value("expected_failure", json()) == true) entry.note = "failed, as expected";
    if (!stored->incomplete.empty()) entry.problem = record.string() + ": " + stored->incomplete;
    entry.body = body_of(*stored);
    return entry;
}

} // namespace ktstr::report::html
