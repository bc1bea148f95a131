// SPDX-License-Identifier: GPL-2.0-only
#include "stats/listing.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "report/plan_words.h"
#include "report/table.h"

namespace ktstr::stats {

namespace {

using nlohmann::json;
using report::printable_line;
using report::Table;
using Align = Table::Align;

constexpr std::size_t minutes = 16;      // of a timestamp, up to these
constexpr std::size_t wide_enough = 130; // columns, for what a metric is

// Kernels and commits that the run's name does not say: usually it does.
std::string unsaid(const RunLine& run) {
    std::vector<std::string> words;
    for (const auto* values : {&run.kernels, &run.commits}) {
        if (values->size() > 1)
            words.push_back(std::to_string(values->size()) + " different");
        else if (values->size() == 1 && run.run.find(values->front()) == std::string::npos)
            words.push_back(values->front());
    }
    return printable_line(report::joined(words));
}

void add_distinct(std::vector<std::string>& values, const std::string& value) {
    if (!value.empty() && std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

// A number or text as it is, objects and lists taken apart: "a.b", "a.0".
void flatten(const json& value, const std::string& name, std::map<std::string, std::string>& facts) {
    if (value.is_object())
        for (const auto& [key, part] : value.items()) flatten(part, name.empty() ? key : name + "." + key, facts);
    else if (value.is_array())
        for (std::size_t i = 0; i < value.size(); ++i) flatten(value[i], name + "." + std::to_string(i), facts);
    else if (!value.is_null())
        facts[name] = value.is_string() ? value.get<std::string>() : value.dump();
}

// Each of a fact's values on the hosts once, joined; "-" where none has it.
std::string values_on(const std::vector<Host>& hosts, const std::string& fact) {
    std::set<std::string> values;
    for (const auto& host : hosts)
        if (const auto found = host.facts.find(fact); found != host.facts.end()) values.insert(found->second);
    return values.empty() ? "-" : report::joined({values.begin(), values.end()}, " | ");
}

} // namespace

std::vector<RunLine> list_runs(const Pool& pool, const std::vector<const Row*>& rows) {
    std::map<std::string, RunLine> runs;
    for (const auto* row : rows) {
        RunLine& line = runs[row->run];
        line.last = std::max(line.last, row->timestamp);
        line.endings.add(*row);
        add_distinct(line.kernels, row->kernel);
        add_distinct(line.commits, row->project_commit);
    }
    for (const auto& file : pool.unreadable) ++runs[file.run].unreadable;
    std::vector<RunLine> lines;
    for (auto& [run, line] : runs) {
        line.run = run;
        lines.push_back(std::move(line));
    }
    std::stable_sort(lines.begin(), lines.end(), [](const RunLine& a, const RunLine& b) { return a.last > b.last; });
    return lines;
}

std::string runs_text(const std::vector<RunLine>& runs, const TextOptions& options) {
    const bool all_said = std::all_of(runs.begin(), runs.end(), [](const RunLine& run) { return unsaid(run).empty(); });
    std::vector<Table::Column> columns = {{"run"}, {"last record"}, {"verdicts"}};
    if (!all_said) columns.push_back({"kernel, commit"});
    Table table(std::move(columns));
    for (const auto& run : runs) {
        std::string verdicts = run.endings.total() > 0 ? run.endings.words() : "";
        if (run.unreadable > 0)
            verdicts += (verdicts.empty() ? "" : ", ") + std::to_string(run.unreadable) + " unreadable";
        table.add({printable_line(run.run), run.last.empty() ? "-" : printable_line(run.last).substr(0, minutes),
                   verdicts, unsaid(run)},
                  run.endings.failed > 0 ? &report::Style::red : nullptr);
    }
    table.fit(0, options.columns);
    return table.text(options.style);
}

json runs_json(const std::vector<RunLine>& runs) {
    json list = json::array();
    for (const auto& run : runs)
        list.push_back({{"run", run.run},
                        {"last", run.last.empty() ? json() : json(run.last)},
                        {"kernels", run.kernels},
                        {"project_commits", run.commits},
                        {"records", run.endings.total()},
                        {"passed", run.endings.passed},
                        {"failed", run.endings.failed},
                        {"inconclusive", run.endings.inconclusive},
                        {"skipped", run.endings.skipped},
                        {"expected_failures", run.endings.expected_failures},
                        {"unreadable", run.unreadable}});
    return list;
}

std::string definitions_text(const TextOptions& options) {
    Table table({{"metric"}, {"kind"}, {"better"}, {"gates", Align::right}, {"what it is"}});
    for (const auto& one : definitions()) {
        const std::string relative = human_value(one.relative_gate, "ratio");
        const std::string gates = one.better == Polarity::none && one.relative_gate == 0 ? "-"
                                  : one.absolute_gate == 0                               ? relative
                                                           : human_value(one.absolute_gate, one.unit) + ", " + relative;
        table.add({one.name, std::string(to_string(one.kind)), std::string(to_string(one.better)), gates, one.summary});
    }
    if (options.columns >= wide_enough) {
        table.fit(4, options.columns);
        return table.text(options.style);
    }
    Table narrow({{"metric"}, {"kind"}, {"better"}, {"gates", Align::right}});
    for (std::size_t row = 0; row < table.size(); ++row)
        narrow.add({table.cells(row)[0], table.cells(row)[1], table.cells(row)[2], table.cells(row)[3]});
    return narrow.text(options.style) + "\nWhat each is stands in --json, and in a terminal of " +
           std::to_string(wide_enough) + " columns or more.\n";
}

json definitions_json() {
    json list = json::array();
    for (const auto& one : definitions())
        list.push_back({{"name", one.name},
                        {"summary", one.summary},
                        {"unit", one.unit},
                        {"kind", to_string(one.kind)},
                        {"better", to_string(one.better)},
                        {"absolute_gate", one.absolute_gate},
                        {"relative_gate", one.relative_gate}});
    return list;
}

DimensionValues list_values(const std::vector<const Row*>& rows) {
    DimensionValues values;
    for (const auto& dimension : dimensions()) {
        auto& seen = values[std::string(dimension.name)];
        for (const auto* row : rows) ++seen[dimension.of(*row)];
    }
    return values;
}

std::string values_text(const DimensionValues& values, const TextOptions& options) {
    Table table({{"dimension"}, {"value"}, {"records", Align::right}});
    for (const auto& dimension : dimensions()) {
        std::string name(dimension.name);
        const auto found = values.find(name);
        if (found == values.end()) continue;
        for (const auto& [value, count] : found->second)
            table.add(
                {std::exchange(name, ""), value.empty() ? "(none)" : printable_line(value), std::to_string(count)});
    }
    table.fit(1, options.columns);
    return table.text(options.style);
}

std::vector<Host> hosts_of(const std::vector<const Row*>& rows) {
    std::map<std::string, std::size_t> descriptions;
    for (const auto* row : rows)
        if (!row->host.empty()) ++descriptions[row->host];
    std::vector<Host> hosts;
    for (const auto& [description, records] : descriptions) {
        Host host{{}, records};
        flatten(json::parse(description, nullptr, false), "", host.facts);
        hosts.push_back(std::move(host));
    }
    return hosts;
}

std::string hosts_text(const std::vector<Host>& hosts, const TextOptions& options) {
    std::string text;
    for (const auto& host : hosts) {
        Table table({{"fact"}, {"of " + report::count_words(host.records, "record")}});
        for (const auto& [fact, value] : host.facts) table.add({printable_line(fact), printable_line(value)});
        table.fit(1, options.columns);
        text += (text.empty() ? "" : "\n") + table.text(options.style);
    }
    return text;
}

json hosts_json(const std::vector<Host>& hosts) {
    json list = json::array();
    for (const auto& host : hosts) list.push_back({{"records", host.records}, {"facts", host.facts}});
    return list;
}

std::vector<HostDifference> differences(const std::vector<Host>& a, const std::vector<Host>& b) {
    std::set<std::string> facts;
    for (const auto* hosts : {&a, &b})
        for (const auto& host : *hosts)
            for (const auto& [fact, value] : host.facts) facts.insert(fact);
    std::vector<HostDifference> found;
    for (const auto& fact : facts)
        if (HostDifference one{fact, values_on(a, fact), values_on(b, fact)}; one.a != one.b)
            found.push_back(std::move(one));
    return found;
}

std::string differences_text(const std::vector<HostDifference>& found, const TextOptions& options) {
    if (found.empty()) return "the hosts do not differ\n";
    Table table({{"fact"}, {"A"}, {"B"}});
    for (const auto& one : found)
        table.add({printable_line(one.fact), report::cut_to_width(printable_line(one.a), options.columns / 3),
                   printable_line(one.b)});
    table.fit(2, options.columns);
    return table.text(options.style);
}

json differences_json(const std::vector<HostDifference>& found) {
    json list = json::array();
    for (const auto& one : found) list.push_back({{"fact", one.fact}, {"a", one.a}, {"b", one.b}});
    return list;
}

std::string explained_text(const std::vector<Unreadable>& files, const TextOptions& options) {
    if (files.empty()) return "all records can be read\n";
    std::string text;
    for (const auto& file : files)
        text += options.style.bold(printable_line(file.path)) + "\n  " + printable_line(file.reason) + "\n" +
                (file.way_out.empty() ? "" : "  way out: " + printable_line(file.way_out) + "\n");
    return text;
}

json explained_json(const std::vector<Unreadable>& files) {
    json list = json::array();
    for (const auto& file : files)
        list.push_back({{"path", file.path}, {"run", file.run}, {"reason", file.reason}, {"way_out", file.way_out}});
    return list;
}

} // namespace ktstr::stats
