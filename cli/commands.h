// SPDX-License-Identifier: GPL-2.0-only
// One function per subcommand: it adds itself to the command line and sets the exit code when it was chosen.
#pragma once

#include <CLI/CLI.hpp>

namespace ktstr::cli {

void add_run_command(CLI::App& app, int& exit_code);
void add_check_command(CLI::App& app, int& exit_code);
void add_plan_command(CLI::App& app, int& exit_code);
void add_list_command(CLI::App& app, int& exit_code);
void add_explain_command(CLI::App& app, int& exit_code);
void add_library_commands(CLI::App& app, int& exit_code); // add, update, vendor, remove
void add_fmt_command(CLI::App& app, int& exit_code);
void add_replay_command(CLI::App& app, int& exit_code);
void add_shell_command(CLI::App& app, int& exit_code);
void add_export_command(CLI::App& app, int& exit_code);
void add_topo_command(CLI::App& app, int& exit_code);
void add_trace_command(CLI::App& app, int& exit_code);
void add_report_command(CLI::App& app, int& exit_code);
void add_cleanup_command(CLI::App& app, int& exit_code);
void add_ctprof_command(CLI::App& app, int& exit_code); // capture, show, compare
void add_verifier_command(CLI::App& app, int& exit_code);
void add_doctor_command(CLI::App& app, int& exit_code);
void add_locks_command(CLI::App& app, int& exit_code);
void add_completions_command(CLI::App& app, int& exit_code);
void add_manual_command(CLI::App& app, int& exit_code);
void add_stats_command(CLI::App& app, int& exit_code);
void add_perf_delta_command(CLI::App& app, int& exit_code);

} // namespace ktstr::cli
