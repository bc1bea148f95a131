// SPDX-License-Identifier: GPL-2.0-only
// For people: a table of all scenarios, each failure in full, a summary, and a footer to go on from.
#include <algorithm>
#include <tuple>
#include <vector>

#include "interp/eval/units.h"
#include "report/reporters.h"
#include "report/table.h"
#include "runs/names.h"

namespace ktstr::report {

namespace {

using eval::Outcome;

std::string human_ms(double ms) { return eval::human_duration(ms * 1e6); }

// What is kept of a result until the end: logs and reports are rendered at once where they are shown, else let go.
struct Row {
    std::string file;
    int line = 0;
    std::string scenario;
    std::string scheduler;
    std::string topology;
    std::string kernel;
    Outcome outcome = Outcome::skip;
    double duration_ms = 0;
    std::string note; // in the table, behind the time
    std::string details;
    std::string sidecar;
    std::vector<std::string> beside; // other files that it left, and that are of use to people
    std::string rerun;
    std::string replay; // empty: it cannot be

    [[nodiscard]] bool failed() const { return outcome == Outcome::fail || outcome == Outcome::inconclusive; }
    [[nodiscard]] auto order() const { return std::tie(file, line, scenario, topology, scheduler, kernel); }
};

std::string note_of(const ScenarioResult& result) {
    if (result.verdict.expected_failure && result.verdict.outcome == Outcome::pass) return "failed, as expected";
    const auto warnings = plan::verifier_warnings(result.record.programs);
    if (!warnings.empty()) return "warning: " + printable_line(warnings.front());
    if (result.verdict.outcome != Outcome::skip) return "";
    const auto* reason = result.verdict.skipped_by();
    return reason == nullptr ? "" : printable_line(reason->message);
}

// What was observed, captures, and what a second run of the failure left.
std::vector<std::string> files_beside(const ScenarioResult& result) {
    std::vector<std::string> files;
    if (result.sidecar.empty()) return files;
    const std::string name = result.sidecar.filename().string();
    const std::string stem = name.substr(0, name.size() - std::min(name.size(), runs::record_suffix.size()));
    std::error_code ignored;
    for (const auto suffix : {runs::observed_suffix, runs::repro_suffix}) {
        const auto file = result.sidecar.parent_path() / (stem + std::string(suffix));
        if (std::filesystem::exists(file, ignored)) files.push_back(file.string());
    }
    return files;
}

std::string count_of(int count, const char* what) { return std::to_string(count) + " " + what; }

class PrettyReporter : public Reporter {
  public:
    PrettyReporter(std::ostream& out, ReporterOptions options) : Reporter(out), options_(std::move(options)) {}

  private:
    void do_add(const ScenarioResult& result) override {
        Row row;
        row.file = result.file.string();
        row.line = result.plan.source.line;
        row.scenario = printable_line(result.plan.scenario);
        row.scheduler = printable_line(scheduler_name(result.plan));
        row.topology = result.plan.topology.label();
        row.kernel = printable_line(result.kernel.empty() ? result.record.kernel_release : result.kernel);
        row.outcome = result.verdict.outcome;
        row.duration_ms = result.duration_ms;
        row.note = note_of(result);
        row.sidecar = printable_line(result.sidecar.string());
        row.beside = files_beside(result);
        row.rerun = rerun_command(result);
        if (!result.sidecar.empty() && result.planned && result.record.accelerator != "host")
            row.replay = "ktstr replay " + shell_quoted(result.sidecar.string());
        if (row.failed()) row.details = failure_details(result, options_);
        if (!row.failed() && options_.verbose) row.details = pass_details(result, options_);
        rows_.push_back(std::move(row));
    }

    void do_finish(double duration_ms) override {
        std::stable_sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.order() < b.order(); });
        if (!rows_.empty()) write_table();
        for (const auto& row : rows_)
            if (!row.details.empty()) write_details(row);
        write_summary(duration_ms);
        if (tally_.fail + tally_.inconclusive > 0) write_footer();
    }

    void write_table() {
        Table table(
            {{"verdict"}, {"scenario"}, {"scheduler"}, {"topology"}, {"kernel"}, {"time", Table::Align::right}, {""}});
        for (const auto& row : rows_)
            table.add({std::string(verdict_word(row.outcome)), row.scenario, row.scheduler, row.topology, row.kernel,
                       human_ms(row.duration_ms), row.note},
                      verdict_paint(row.outcome));
        out_ << table.text(options_.style);
    }

    void write_details(const Row& row) {
        out_ << "\n"
             << (options_.style.*verdict_paint(row.outcome))(verdict_word(row.outcome)) << "  "
             << options_.style.bold(row.scenario) << "  (" << row.scheduler << ", " << row.topology
             << (row.kernel.empty() ? "" : ", kernel " + row.kernel) << ", " << human_ms(row.duration_ms) << ")\n\n"
             << row.details;
    }

    void write_summary(double duration_ms) {
        const auto& style = options_.style;
        std::string text = count_of(tally_.total(), tally_.total() == 1 ? "scenario: " : "scenarios: ");
        text += style.green(count_of(tally_.pass, "passed"));
        if (tally_.fail > 0) text += ", " + style.red(count_of(tally_.fail, "failed"));
        if (tally_.inconclusive > 0) text += ", " + style.yellow(count_of(tally_.inconclusive, "inconclusive"));
        if (tally_.skip > 0) text += ", " + count_of(tally_.skip, "skipped");
        out_ << "\n" << text << " in " << human_ms(duration_ms) << "\n";
    }

    void write_footer() {
        for (const auto& row : rows_) {
            if (!row.failed()) continue;
            out_ << "\n  " << (options_.style.*verdict_paint(row.outcome))(verdict_word(row.outcome)) << "  "
                 << row.scenario << "\n"
                 << "    record  " << (row.sidecar.empty() ? "none was written" : row.sidecar) << "\n";
            for (const auto& file : row.beside) out_ << "    beside  " << printable_line(file) << "\n";
            out_ << "    rerun   " << row.rerun << "\n";
            if (!row.replay.empty()) out_ << "    replay  " << row.replay << "\n";
        }
    }

    ReporterOptions options_;
    std::vector<Row> rows_;
};

} // namespace

std::unique_ptr<Reporter> make_pretty_reporter(std::ostream& out, ReporterOptions options) {
    return std::make_unique<PrettyReporter>(out, std::move(options));
}

} // namespace ktstr::report
