// SPDX-License-Identifier: GPL-2.0-only
// Packs what the payloads of a plan need into the archive for the guest.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "interp/plan/plan.h"
#include "vmm/boot/archive.h"

namespace ktstr::vmm {

struct PayloadProblem {
    Error error;
    plan::SourcePosition source; // of the payload's declaration
};

enum class RunsOn {
    guest, // programs are packed with all they need, files under their own paths
    host,  // programs are run where they are, and so are files with an absolute path; the others are packed
};

struct PackedPayloads {
    std::map<std::string, std::string> paths; // payload -> its program's path, in the guest or on the host
    std::vector<PayloadProblem> problems;     // what is missing or does not fit together; all of it
};

// Programs and files with a relative path are looked for beside the file that declares the payload (`root` is what its
// path counts from), then beside the scenario's. In the guest, files have the path that the payload names them by:
// relative ones below wire::work_directory, in which every payload is started. Reads no content yet: cheap.
PackedPayloads pack_payloads(const plan::Plan& plan, const std::filesystem::path& root,
                             const std::filesystem::path& scenario_directory, ArchiveBuilder& archive,
                             RunsOn place = RunsOn::guest);

// The archive is unpacked into the guest's memory: an error if it leaves too little of that.
Result<void> check_fits(const ArchiveBuilder& archive, const plan::Plan& plan);

} // namespace ktstr::vmm
