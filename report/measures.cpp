// SPDX-License-Identifier: GPL-2.0-only
// What workers and payloads have measured, in tables.
#include <algorithm>
#include <array>

#include "interp/eval/payload_metrics.h"
#include "interp/eval/units.h"
#include "interp/plan/latencies.h"
#include "report/reporters.h"
#include "report/table.h"

namespace ktstr::report {

namespace {

using Align = Table::Align;

constexpr std::size_t shown_rows = 32;
constexpr std::size_t shown_programs = 8;
constexpr std::size_t exit_columns = 200; // of a worker's exit
constexpr std::array quantiles = {0.5, 0.9, 0.99, 0.999};

// The latencies of one name of all workers of a work, in a cgroup and a step.
struct Measured {
    std::string cgroup;
    std::string work;
    std::string what;
    plan::MergedLatencies latencies;
};

std::vector<Measured> measured_of(const std::vector<plan::WorkerReport>& workers) {
    std::vector<Measured> all;
    for (const auto& worker : workers)
        for (const auto& latency : worker.latencies) {
            auto same = std::find_if(all.begin(), all.end(), [&](const Measured& one) {
                return one.cgroup == worker.cgroup && one.work == worker.work && one.what == latency.name;
            });
            if (same == all.end()) same = all.insert(all.end(), {worker.cgroup, worker.work, latency.name, {}});
            same->latencies.add(latency.seen, latency.max_ns, latency.kept_ns);
        }
    return all;
}

std::string or_dash(const std::optional<double>& ns) { return ns ? eval::human_duration(*ns) : "-"; }

std::string more_rows(std::size_t rows) {
    return rows <= shown_rows ? "" : "    ... and " + std::to_string(rows - shown_rows) + " more in the record\n";
}

std::string clock_note(const plan::Record& record) {
    if (record.clock() == "emulated")
        return "    by an emulated clock (tcg): the host's own delays are in these times, and its slowness\n";
    if (record.clock() == "virtual") return "    by a virtual clock (kvm): the host's own delays are in these times\n";
    return "";
}

} // namespace

Table worker_rows(const std::vector<plan::WorkerReport>& workers) {
    Table table({{"worker", Align::right},
                 {"cgroup"},
                 {"work"},
                 {"type"},
                 {"step", Align::right},
                 {"units", Align::right},
                 {"rate", Align::right},
                 {"longest gap", Align::right},
                 {"off CPU", Align::right},
                 {"run delay", Align::right},
                 {"migrations", Align::right},
                 {"CPUs"},
                 {"exit"}});
    for (const auto& worker : workers) {
        const auto units = static_cast<double>(worker.work_units);
        const auto wall_ns = static_cast<double>(worker.wall_ns);
        table.add({std::to_string(worker.worker), printable_line(worker.cgroup), printable_line(worker.work),
                   printable_line(worker.work_type), worker.step < 0 ? "-" : std::to_string(worker.step + 1),
                   eval::human_count(units), worker.wall_ns == 0 ? "-" : eval::human_rate(units * 1e9 / wall_ns),
                   eval::human_duration(static_cast<double>(worker.longest_gap_ns)),
                   worker.wall_ns == 0 ? "-" : eval::human_ratio(worker.off_cpu_ratio()),
                   eval::human_duration(static_cast<double>(worker.run_delay_ns)),
                   eval::human_count(static_cast<double>(worker.migrations)), worker.cpus.list(),
                   cut_to_width(printable_line(worker.exit), exit_columns)});
    }
    return table;
}

std::string worker_table(const std::vector<plan::WorkerReport>& workers, const Style& style) {
    if (workers.empty()) return "";
    return "\n  Workers\n" + worker_rows(workers).text(style, "    ", shown_rows) + more_rows(workers.size());
}

Table latency_rows(const plan::Record& record) {
    auto measured = measured_of(record.workers);
    std::erase_if(measured, [](const Measured& one) { return one.latencies.seen() == 0; });
    Table table({{"cgroup"},
                 {"work"},
                 {"latency"},
                 {"seen", Align::right},
                 {"p50", Align::right},
                 {"p90", Align::right},
                 {"p99", Align::right},
                 {"p99.9", Align::right},
                 {"longest", Align::right}});
    for (auto& [cgroup, work, what, latencies] : measured) {
        std::vector<std::string> cells = {printable_line(cgroup), printable_line(work), printable_line(what),
                                          eval::human_count(static_cast<double>(latencies.seen()))};
        for (const double quantile : quantiles) cells.push_back(or_dash(latencies.quantile(quantile)));
        cells.push_back(or_dash(latencies.longest()));
        table.add(std::move(cells));
    }
    return table;
}

std::string latency_table(const plan::Record& record, const Style& style) {
    const Table table = latency_rows(record);
    if (table.size() == 0) return "";
    return "\n  Latencies\n" + table.text(style, "    ", shown_rows) + more_rows(table.size()) + clock_note(record);
}

std::string metric_table(const ScenarioResult& result, const Style& style) {
    Table table({{"payload"}, {"cgroup"}, {"metric"}, {"value", Align::right}, {"unit"}});
    std::size_t rows = 0;
    for (const auto& report : result.record.payloads) {
        const auto& payloads = result.plan.payloads;
        const auto payload = std::find_if(payloads.begin(), payloads.end(),
                                          [&](const plan::Payload& one) { return one.name == report.name; });
        if (payload == payloads.end()) continue;
        for (const auto& metric : eval::read_metrics(*payload, report).values) {
            const bool declared = std::any_of(payload->metrics.begin(), payload->metrics.end(),
                                              [&](const plan::Metric& one) { return one.name == metric.name; });
            if (!declared || ++rows > shown_rows) continue;
            table.add({printable_line(report.name), printable_line(report.cgroup), printable_line(metric.name),
                       eval::human_count(metric.value), printable_line(metric.unit)});
        }
    }
    return rows == 0 ? "" : "\n  Payloads\n" + table.text(style, "    ") + more_rows(rows);
}

std::string program_table(const plan::BpfPrograms& programs, const Style& style) {
    std::vector<const plan::BpfProgram*> ran;
    for (const auto& program : programs.list)
        if (program.run_count.value_or(0) > 0) ran.push_back(&program);
    std::stable_sort(ran.begin(), ran.end(), [](const plan::BpfProgram* a, const plan::BpfProgram* b) {
        return a->run_time_ns.value_or(0) > b->run_time_ns.value_or(0);
    });
    std::string text;
    for (const auto& warning : plan::verifier_warnings(programs))
        text += "  " + style.yellow("warning: " + printable_line(warning)) + "\n";
    if (!text.empty()) text = "\n" + text;
    if (ran.empty()) return text;
    Table table({{"callback"},
                 {"program"},
                 {"runs", Align::right},
                 {"time", Align::right},
                 {"mean", Align::right},
                 {"verified insns", Align::right}});
    for (std::size_t i = 0; i < std::min(ran.size(), shown_programs); ++i) {
        const auto& program = *ran[i];
        const auto runs = static_cast<double>(*program.run_count);
        const auto time_ns = static_cast<double>(program.run_time_ns.value_or(0));
        table.add({program.callback.empty() ? "-" : program.callback, printable_line(program.name),
                   eval::human_count(runs), eval::human_duration(time_ns), eval::human_duration(time_ns / runs),
                   program.verified_insns ? std::to_string(*program.verified_insns) : "-"});
    }
    text += "\n  BPF programs\n" + table.text(style, "    ");
    if (ran.size() > shown_programs)
        text += "    ... and " + std::to_string(ran.size() - shown_programs) + " more in the record\n";
    return text;
}

} // namespace ktstr::report
