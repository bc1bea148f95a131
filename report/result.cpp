// SPDX-License-Identifier: GPL-2.0-only
#include "report/result.h"

#include <algorithm>

namespace ktstr::report {

std::string shell_quoted(const std::string& word) {
    const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_-./:+@%,=").find(c) != std::string_view::npos;
    });
    if (plain) return word;
    std::string quoted = "'";
    for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

std::string scheduler_name(const plan::Plan& plan) { return plan.scheduler.value_or("eevdf"); }

std::string rerun_command(const ScenarioResult& result) {
    if (!result.rerun.empty()) return shell_quoted(result.rerun);
    std::string command =
        "ktstr run " + shell_quoted(result.file.string()) + " --filter " + shell_quoted(result.plan.scenario);
    for (const auto& option : result.options) command += " " + shell_quoted(option);
    const std::string& kernel = result.kernel_option.empty() ? result.kernel : result.kernel_option;
    const bool on_host = result.record.accelerator == "host"; // `options` says so
    if (!kernel.empty() && !on_host) command += " --kernel " + shell_quoted(kernel);
    if (!result.record.accelerator.empty() && !on_host)
        command += " --accel " + shell_quoted(result.record.accelerator);
    return command + " --seed " + std::to_string(result.record.seed);
}

} // namespace ktstr::report
