// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/schedulers.h"

#include "wire/message.h"

namespace ktstr::vmm {

namespace fs = std::filesystem;

namespace {

Result<void> pack_config(const plan::Scheduler& scheduler, const fs::path& scenario_directory,
                         ArchiveBuilder& archive) {
    const fs::path named(scheduler.config);
    const fs::path source = named.is_absolute() ? named : scenario_directory / named;
    std::error_code code;
    if (fs::is_regular_file(source, code)) return archive.add_file(wire::config_path(scheduler), source);
    return Error{"there is no file '" + source.string() + "', the configuration of the scheduler '" + scheduler.name +
                     "'",
                 "a relative path counts from the scenario's file"};
}

Result<void> pack_shell(ArchiveBuilder& archive) {
    auto packed = archive.add_program("/bin/sh");
    if (packed && *packed != wire::shell_path) return Error{"the shell came to " + *packed};
    if (packed) return {};
    return Error{"the shell for `enable` and `disable` cannot be packed: " + packed.error().message,
                 packed.error().hint};
}

} // namespace

Result<std::map<std::string, std::string>> pack_schedulers(const plan::Plan& plan, const fs::path& scenario_directory,
                                                           ArchiveBuilder& archive) {
    std::map<std::string, std::string> paths;
    for (const auto& scheduler : plan.schedulers) {
        if (!scheduler.config.empty())
            if (auto packed = pack_config(scheduler, scenario_directory, archive); !packed) return packed.error();
        if (scheduler.binary.empty()) {
            if (auto packed = pack_shell(archive); !packed) return packed.error();
            continue;
        }
        const auto found = find_program(scheduler.binary, scenario_directory);
        if (!found) return found.error();
        auto packed = archive.add_program(found->path);
        if (!packed) return packed.error();
        paths[scheduler.name] = std::move(*packed);
    }
    return paths;
}

} // namespace ktstr::vmm
