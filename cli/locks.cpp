// SPDX-License-Identifier: GPL-2.0-only
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/file.h"
#include "base/held_locks.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "report/table.h"
#include "runs/environment.h"

namespace ktstr::cli {

namespace {

struct LocksOptions {
    std::vector<std::filesystem::path> folders;
    bool as_json = false;
};

int show_locks(const LocksOptions& options) {
    std::vector<std::filesystem::path> folders = options.folders;
    if (folders.empty()) folders = {cache_directory(), runs::Environment::read().root()};
    const auto users = lock_users(folders);
    if (options.as_json) {
        nlohmann::json list = nlohmann::json::array();
        for (const auto& user : users)
            list.push_back({{"lock", user.lock.string()},
                            {"how", to_string(user.how)},
                            {"pid", user.pid},
                            {"command", user.command}});
        std::cout << list.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
        return exit_pass;
    }
    if (users.empty()) {
        std::cout << "no lock is held\n";
        return exit_pass;
    }
    report::Table table({{"how"}, {"pid", report::Table::Align::right}, {"lock"}, {"command"}});
    constexpr std::size_t command_width = 60;
    for (const auto& user : users)
        table.add({std::string(to_string(user.how)), std::to_string(user.pid),
                   report::printable_line(user.lock.string()),
                   report::cut_to_width(report::printable_line(user.command), command_width)});
    std::cout << table.text(report::Style{report::wants_color(STDOUT_FILENO)});
    return exit_pass;
}

} // namespace

void add_locks_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<LocksOptions>();
    auto* command =
        app.add_subcommand("locks", "who holds or waits for the locks of ktstr's caches and run directories");
    command
        ->add_option("folders", options->folders, "where to look (default: the cache, KTSTR_RUNS_ROOT or ktstr-runs)")
        ->type_name("DIR");
    command->add_flag("--json", options->as_json, "as JSON");
    command->callback([options, &exit_code] { exit_code = show_locks(*options); });
}

} // namespace ktstr::cli
