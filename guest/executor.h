// SPDX-License-Identifier: GPL-2.0-only
// The executor's way through one run: ready, told what to do, staged, scenario, finish.
#pragma once

#include <string>

#include "base/result.h"
#include "guest/cgroup.h"
#include "guest/host_run.h"
#include "guest/port.h"

namespace ktstr::guest {

struct Ready {
    Port port;
    CgroupTree cgroups;
    std::string directory = {}; // on the host, what takes the place of /; empty: this is a virtual machine
    [[nodiscard]] bool on_host() const { return !directory.empty(); }
};

// All that does not depend on a plan. What comes after it may come after the VM was saved and restored, in a CPU that
// has not run anything yet: what is slow belongs here.
Result<Ready> make_ready();
// The same on the host, where nothing is changed but the executor's own process and `place`, which it is in.
Result<CgroupTree> make_ready_on_host(const HostPlace& place);
// In the place of run_executor(): why the executor could not get ready.
void report_unready(Port port, const Error& error);

// From hello to the last frame. In a virtual machine the caller powers off.
void run_executor(Ready ready);

} // namespace ktstr::guest
