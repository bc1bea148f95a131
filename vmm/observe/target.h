// SPDX-License-Identifier: GPL-2.0-only
// Places in the kernel's and its BPF programs' memory by name: what read_kernel, write_kernel, watch and write_bpf
// name.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "interp/plan/plan.h"
#include "vmm/observe/bpf_maps.h"
#include "vmm/observe/kernel.h"

namespace ktstr::observe {

struct Place {
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;
    const TypeInfo* types = nullptr; // null: a plain unsigned number
    std::uint32_t type = 0;
    unsigned bit_shift = 0; // of a bit field, in the bytes
    unsigned bits = 0;      // 0: it is none
};

// Follows "a.b[3].c" from a value of that type, through pointers too. Errors name the component and what there is
// instead.
Result<Place> follow(const GuestKernel& kernel, const Place& from, std::string_view path);

// `task_pid`: of the worker that a task target means.
Result<Place> find_place(const GuestKernel& kernel, const plan::KernelTarget& target, int task_pid);

// A global of the running scheduler, with its path: "slice_ns", "config.enabled". Constants (.rodata) are refused: the
// verifier has built on their values.
Result<Place> find_global(const GuestKernel& kernel, int cpus, ProgramTypes& types, std::string_view path);

Result<nlohmann::json> read_place(const GuestKernel& kernel, const Place& place);
// Refuses what is no number, and a number that does not fit.
Result<void> write_place(const GuestKernel& kernel, const Place& place, std::int64_t value);

} // namespace ktstr::observe
