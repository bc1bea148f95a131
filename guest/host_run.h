// SPDX-License-Identifier: GPL-2.0-only
// A run on the machine itself: this process keeps watch over the executor, its child, and takes away what the run has
// made, however it ends: the executor's own end, a kill, or the end of ktstr, which closes the other end of the
// channel.
#pragma once

#include <string>

#include "base/fd.h"

namespace ktstr::guest {

// What a run on the host makes, and may change. None of it may be there before.
struct HostPlace {
    std::string cgroup;    // "/sys/fs/cgroup/ktstr-4711": all of the run's processes are in it
    std::string own;       // the name of the cgroup below it that the executor itself is in
    std::string directory; // takes the place of / for what the archive holds
};

// `channel` takes the place of the virtual machine's port. Returns the exit code of the process.
int run_on_host(Fd channel, const HostPlace& place);

} // namespace ktstr::guest
