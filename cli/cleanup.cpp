// SPDX-License-Identifier: GPL-2.0-only
#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/messages.h"
#include "runs/environment.h"
#include "runs/stage.h"
#include "vmm/host/cleanup.h"

namespace ktstr::cli {

namespace {

int clean_up(bool dry_run) {
    int exit_code = exit_pass;
    const auto leftovers = vmm::clean_up(vmm::CleanupPlaces::of_user(), dry_run);
    for (const auto& leftover : leftovers) {
        if (leftover.kept) {
            complain(*leftover.kept);
            exit_code = exit_host;
        } else {
            std::printf("%s %s %s\n", dry_run ? "would remove" : "removed", leftover.kind.c_str(),
                        leftover.path.c_str());
        }
    }
    const auto root = runs::Environment::read().root();
    const auto stages = runs::dead_stages(root, !dry_run);
    for (const auto& stage : stages)
        std::printf("%s unfinished file of a record %s\n", dry_run ? "would remove" : "removed", stage.c_str());
    if (leftovers.empty() && stages.empty()) std::printf("nothing is left of dead runs\n");
    return exit_code;
}

} // namespace

void add_cleanup_command(CLI::App& app, int& exit_code) {
    auto dry_run = std::make_shared<bool>(false);
    auto* command =
        app.add_subcommand("cleanup", "remove what runs that were killed have left: cgroups, folders, files");
    command->add_flag("--dry-run", *dry_run, "only say what would be removed");
    command->callback([dry_run, &exit_code] { exit_code = clean_up(*dry_run); });
}

} // namespace ktstr::cli
