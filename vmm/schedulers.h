// SPDX-License-Identifier: GPL-2.0-only
// Packs the schedulers of a plan into the archive for the guest.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"
#include "interp/plan/plan.h"
#include "vmm/boot/archive.h"

namespace ktstr::vmm {

// Every scheduler with its libraries and its configuration file, and a shell if one is switched on by commands. What a
// relative path counts from is the scenario's directory. Returns wire::Begin::scheduler_paths. The error names what is
// missing, and the scheduler.
Result<std::map<std::string, std::string>>
pack_schedulers(const plan::Plan& plan, const std::filesystem::path& scenario_directory, ArchiveBuilder& archive);

} // namespace ktstr::vmm
