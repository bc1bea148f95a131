// SPDX-License-Identifier: GPL-2.0-only
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/kernel.h"
#include "cli/manual.h"
#include "cli/messages.h"
#include "cli/usage.h"
#include "wire/version.h"

namespace {

int run(int argc, char** argv) {
    using namespace ktstr;
    int exit_code = cli::exit_pass;
    CLI::App app("Tests Linux process schedulers: runs .ktl scenarios, each in a virtual machine of its own.", "ktstr");
    app.set_version_flag("--version", std::string("ktstr ") + wire::executor_version);
    app.require_subcommand(1);
    cli::add_run_command(app, exit_code);
    cli::add_replay_command(app, exit_code);
    cli::add_shell_command(app, exit_code);
    cli::add_export_command(app, exit_code);
    cli::add_check_command(app, exit_code);
    cli::add_plan_command(app, exit_code);
    cli::add_list_command(app, exit_code);
    cli::add_explain_command(app, exit_code);
    cli::add_library_commands(app, exit_code);
    cli::add_fmt_command(app, exit_code);
    cli::add_report_command(app, exit_code);
    cli::add_trace_command(app, exit_code);
    cli::add_topo_command(app, exit_code);
    cli::add_cleanup_command(app, exit_code);
    cli::add_ctprof_command(app, exit_code);
    cli::add_verifier_command(app, exit_code);
    cli::add_stats_command(app, exit_code);
    cli::add_perf_delta_command(app, exit_code);
    add_kernel_command(app, exit_code);
    cli::add_doctor_command(app, exit_code);
    cli::add_locks_command(app, exit_code);
    cli::add_completions_command(app, exit_code);
    cli::add_manual_command(app, exit_code);
    app.footer(cli::help_footer());
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // Asking for help is no error; everything else is a use that the command line does not know.
        const bool asked = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
        const auto unknown =
            asked ? std::nullopt : cli::unknown_word(app, std::vector<std::string>(argv + 1, argv + argc));
        if (unknown)
            cli::complain(*unknown);
        else
            app.exit(error);
        return asked ? cli::exit_pass : cli::exit_usage;
    }
    return exit_code;
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& bug) {
        std::fprintf(stderr, "ktstr: internal error: %s\n", bug.what());
        return ktstr::cli::exit_host;
    }
}
