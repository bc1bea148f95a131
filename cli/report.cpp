// SPDX-License-Identifier: GPL-2.0-only
#include <filesystem>
#include <iostream>
#include <memory>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/messages.h"
#include "report/html/page.h"
#include "runs/environment.h"

namespace ktstr::cli {

namespace {

namespace fs = std::filesystem;

struct ReportOptions {
    std::vector<fs::path> runs = {runs::Environment::read().root()};
    std::string output;
};

// In the folder of the run, if it is one; else here.
fs::path default_output(const ReportOptions& options) {
    std::error_code ignored; // what is not there has been refused
    const bool folder = options.runs.size() == 1 && fs::is_directory(options.runs.front(), ignored);
    return (folder ? options.runs.front() : fs::path()) / "report.html";
}

// What the page is of: the folder's name, also of "." and "runs/".
std::string name_of(const ReportOptions& options) {
    if (options.runs.size() > 1) return std::to_string(options.runs.size()) + " records";
    std::error_code ignored;
    const fs::path path = fs::weakly_canonical(options.runs.front(), ignored);
    return path.filename().empty() ? options.runs.front().string() : path.filename().string();
}

int write_page(const report::html::Page& page, const fs::path& output) {
    if (output == "-") {
        std::cout << page.text << std::flush;
        if (std::cout) return exit_pass;
        complain({"cannot write to standard output", "is the disk full, or the reader gone?"});
        return exit_host;
    }
    if (auto written = write_file(output, page.text); !written) {
        complain(written.error());
        return exit_host;
    }
    std::cout << output.string() << ": " << page.scenarios << (page.scenarios == 1 ? " scenario, " : " scenarios, ")
              << page.failed << " failed";
    if (page.inconclusive > 0) std::cout << ", " << page.inconclusive << " inconclusive";
    std::cout << std::endl;
    return exit_pass;
}

int report_runs(const ReportOptions& options) {
    const auto records = report::html::find_records(options.runs);
    if (!records) {
        complain(records.error());
        return exit_usage;
    }
    const auto page = report::html::make_page(*records, name_of(options));
    for (const auto& problem : page.problems) complain(problem);
    if (page.scenarios == 0) return exit_usage;
    const int written = write_page(page, options.output.empty() ? default_output(options) : fs::path(options.output));
    if (written != exit_pass) return written;
    return page.problems.empty() ? exit_pass : exit_inconclusive;
}

} // namespace

void add_report_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<ReportOptions>();
    auto* command = app.add_subcommand("report", "runs as one HTML page: findings, timelines, plots");
    command
        ->add_option("run", options->runs,
                     "folders that `ktstr run` has written, or records in them (*.ktstr.json); default: "
                     "KTSTR_RUNS_ROOT, or ktstr-runs")
        ->type_name("RUN");
    command
        ->add_option("--output,-o", options->output,
                     "where to, - for standard output (default: report.html in the folder; of records, here)")
        ->type_name("FILE");
    command->footer("Exit codes: 0 the page has everything, 2 it has what could be read, 64 there is no record that "
                    "can be read, 70 the page cannot be written.");
    command->callback([options, &exit_code] { exit_code = report_runs(*options); });
}

} // namespace ktstr::cli
