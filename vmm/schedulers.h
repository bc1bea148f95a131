// SPDX-License-Identifier: GPL-2.0-only
// Packs the schedulers of a plan into the archive for the guest.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "interp/plan/plan.h"
#include "vmm/boot/archive.h"
#include "vmm/payloads.h"

namespace ktstr::vmm {

// As wire::Begin has them.
struct PackedSchedulers {
    std::map<std::string, std::string> paths;
    std::map<std::string, std::string> configs;
};

// The binary of the scheduler that is attached before the first step, as pack_schedulers() finds it. None: there is no
// such scheduler, it is one of the kernel, or its binary is not there.
std::optional<FoundProgram> initial_scheduler_binary(const plan::Plan& plan,
                                                     const std::filesystem::path& scenario_directory);

// Every scheduler with its libraries and its configuration file, and a shell if one is switched on by commands; on the
// host nothing is packed, and the paths are those that were found. What a relative path counts from is the scenario's
// directory. The error names what is missing.
Result<PackedSchedulers> pack_schedulers(const plan::Plan& plan, const std::filesystem::path& scenario_directory,
                                         ArchiveBuilder& archive, RunsOn place);

} // namespace ktstr::vmm
