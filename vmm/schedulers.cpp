// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/schedulers.h"

#include "wire/message.h"

namespace ktstr::vmm {

namespace fs = std::filesystem;

namespace {

// What runs the commands of a scheduler that is built into the kernel.
constexpr const char* shell = "/bin/sh";

Result<std::string> place_program(const fs::path& program, ArchiveBuilder& archive, RunsOn place) {
    if (place == RunsOn::host) return fs::absolute(program).string();
    return archive.add_program(program);
}

Result<std::string> place_config(const plan::Scheduler& scheduler, const fs::path& scenario_directory,
                                 ArchiveBuilder& archive, RunsOn place) {
    const fs::path named(scheduler.config);
    const fs::path source = named.is_absolute() ? named : scenario_directory / named;
    std::error_code code;
    if (!fs::is_regular_file(source, code))
        return Error{"there is no file '" + source.string() + "', the configuration of the scheduler '" +
                         scheduler.name + "'",
                     "a relative path counts from the scenario's file"};
    if (place == RunsOn::host) return fs::absolute(source).string();
    const std::string path =
        std::string(wire::config_directory) + "/" + scheduler.name + "/" + named.filename().string();
    if (auto added = archive.add_file(path, source); !added) return added.error();
    return path;
}

Result<std::string> place_binary(const plan::Scheduler& scheduler, const fs::path& scenario_directory,
                                 ArchiveBuilder& archive, RunsOn place) {
    if (scheduler.binary.empty()) return place_program(shell, archive, place);
    const auto found = find_program(scheduler.binary, scenario_directory);
    if (!found) return found.error();
    return place_program(found->path, archive, place);
}

} // namespace

std::optional<FoundProgram> initial_scheduler_binary(const plan::Plan& plan, const fs::path& scenario_directory) {
    const auto* scheduler = plan.initial_scheduler();
    if (scheduler == nullptr || scheduler->binary.empty()) return std::nullopt;
    auto found = find_program(scheduler->binary, scenario_directory);
    if (!found) return std::nullopt;
    return std::move(*found);
}

Result<PackedSchedulers> pack_schedulers(const plan::Plan& plan, const fs::path& scenario_directory,
                                         ArchiveBuilder& archive, RunsOn place) {
    PackedSchedulers packed;
    for (const auto& scheduler : plan.schedulers) {
        auto path = place_binary(scheduler, scenario_directory, archive, place);
        if (!path) return path.error();
        packed.paths[scheduler.name] = std::move(*path);
        if (scheduler.config.empty()) continue;
        auto config = place_config(scheduler, scenario_directory, archive, place);
        if (!config) return config.error();
        packed.configs[scheduler.name] = std::move(*config);
    }
    return packed;
}

} // namespace ktstr::vmm
