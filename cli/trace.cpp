// SPDX-License-Identifier: GPL-2.0-only
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/messages.h"
#include "report/trace.h"

namespace ktstr::cli {

namespace {

struct TraceOptions {
    std::string record;
    std::string output;
};

int write_trace(const TraceOptions& options) {
    const auto trace = report::trace_of_file(options.record);
    if (!trace) {
        complain(trace.error());
        return exit_usage;
    }
    const std::string text = trace->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    if (options.output.empty() || options.output == "-") {
        std::cout << text << std::flush;
        return std::cout ? exit_pass : exit_host;
    }
    if (auto written = write_file(options.output, text); !written) {
        complain(written.error());
        return exit_host;
    }
    return exit_pass;
}

} // namespace

void add_trace_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<TraceOptions>();
    auto* command = app.add_subcommand("trace", "a record on one time axis, for ui.perfetto.dev or chrome://tracing");
    command->add_option("record", options->record, "a record that `ktstr run` has written (*.ktstr.json)")
        ->required()
        ->type_name("RECORD");
    command->add_option("--output,-o", options->output, "where to (default: standard output)")->type_name("FILE");
    command->callback([options, &exit_code] { exit_code = write_trace(*options); });
}

} // namespace ktstr::cli
