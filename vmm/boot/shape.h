// SPDX-License-Identifier: GPL-2.0-only
// A topology in QEMU's words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "interp/plan/topology.h"

namespace ktstr::vmm {

// The model whose dies have an L3 each, so that a die is an LLC (x86_cpu_def `SapphireRapids` in QEMU's
// target/i386/cpu.c; `max` and `host` have one L3 per socket). Features that the accelerator lacks are left out by QEMU
// with a warning.
inline constexpr const char* cpu_model = "SapphireRapids";

// The memory of each NUMA node, of `bytes` in all: what it asks for, or an equal share of what the others leave.
std::vector<std::uint64_t> node_memory(const plan::Topology& topology, std::uint64_t bytes);

// One per NUMA node: where its memory lies, and how much of it.
struct MemoryFile {
    std::string path;
    std::uint64_t bytes = 0;
};

// -cpu, -smp, -m and everything about NUMA. A socket never lies on two nodes; where they differ in their LLCs, sockets
// are as small as it takes.
std::vector<std::string> shape_arguments(const plan::Topology& topology, const std::vector<MemoryFile>& memory);

} // namespace ktstr::vmm
