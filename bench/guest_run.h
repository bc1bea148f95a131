// SPDX-License-Identifier: GPL-2.0-only
// A guest that measures itself: the executor as PID 1, told what to do behind "--" on the kernel's command line.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "interp/plan/topology.h"
#include "vmm/boot/machine.h"
#include "vmm/kernel/kernel.h"

namespace ktstr::bench {

// What such a guest prints on its console until it has powered off.
Result<std::string> console_of_guest(const vmm::MachineConfig& config, std::chrono::minutes limit);

// What the executor's bench prints as one line of JSON; for so many seconds.
Result<nlohmann::json> run_guest_bench(const Kernel& kernel, std::string_view initramfs, const plan::Topology& topology,
                                       const std::string& bench, const std::string& seconds);

} // namespace ktstr::bench
