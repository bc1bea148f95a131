// SPDX-License-Identifier: GPL-2.0-only
// Whether a plan can run on the machine that an exported file has come to.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "interp/plan/plan.h"

namespace ktstr::bundle {

// All that keeps it from that, each with the way out: rights, kernel, cgroups, topology, what its schedulers need,
// another scheduler that runs, what is not done to a machine that others use. /proc and /sys are read below `root`.
std::vector<Error> lacks(const plan::Plan& plan, uid_t user, const std::string& kernel_release,
                         const std::filesystem::path& root = "/");

} // namespace ktstr::bundle
