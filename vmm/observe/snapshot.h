// SPDX-License-Identifier: GPL-2.0-only
// A snapshot of a guest whose vCPUs stand still: copied while they do, made sense of when they run again.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "vmm/observe/bpf_maps.h"
#include "vmm/observe/bpf_programs.h"
#include "vmm/observe/kernel.h"

namespace ktstr::observe {

// CPU time since the boot, of struct kernel_cpustat (include/linux/kernel_stat.h), in ns: the kernel's accounting,
// which it brings up to date at its ticks.
struct CpuTimes {
    std::vector<std::uint64_t> ns; // by enum cpu_usage_stat; empty: not read
};

struct RawSnapshot {
    std::vector<RawMap> maps;
    std::optional<ActiveScheduler> active;
    std::vector<RawProgram> programs;
    std::string programs_absent; // why they are not there
    std::vector<CpuTimes> cpus;
    std::string registers;   // of all vCPUs, in QEMU's words; empty: not read
    std::string cpus_absent; // why the times of the CPUs are not there
};

Result<RawSnapshot> copy_snapshot(const GuestKernel& kernel, int cpus, ProgramTypes& types,
                                  const CaptureLimits& limits = {});

// "maps", "variables", "programs", "cpus" and "registers" of docs/lua.md.
nlohmann::json render_snapshot(const GuestKernel& kernel, const RawSnapshot& raw, ProgramTypes& types);

// What QEMU's `info registers -a` prints, by CPU: {"cpu": 0, "rip": "0xffff...", "symbol": "do_idle+0x1f", ...}.
nlohmann::json render_registers(const GuestKernel& kernel, const std::string& text);

} // namespace ktstr::observe
