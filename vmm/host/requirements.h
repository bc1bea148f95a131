// SPDX-License-Identifier: GPL-2.0-only
// Whether plans can run on this machine itself, and under which scheduler they would.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "interp/plan/plan.h"

namespace ktstr::vmm {

// What this machine lacks of what any plan needs: root, Linux 5.14 (cgroup.kill) and a writable cgroup v2 hierarchy at
// /sys/fs/cgroup with controllers in it. /proc and /sys are read below `root`.
std::vector<Error> host_lacks(uid_t user, const std::string& kernel_release, const std::filesystem::path& root = "/");

// What it lacks of what the schedulers of this plan need: sched_ext, and the kernel's types (BTF).
std::vector<Error> scheduler_lacks(const plan::Plan& plan, const std::filesystem::path& root = "/");

// `uname -r`
std::string host_kernel_release();

// The name of the sched_ext scheduler that runs, "a sched_ext scheduler" if the kernel does not say; empty: none.
std::string active_scheduler(const std::filesystem::path& root = "/");

} // namespace ktstr::vmm
