// SPDX-License-Identifier: GPL-2.0-only
// The BPF programs of a guest's schedulers: what the kernel knows of each, and how often each has run. Needs no vCPU
// to stand still.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "interp/plan/observation.h"
#include "vmm/observe/bpf_maps.h"
#include "vmm/observe/kernel.h"

namespace ktstr::observe {

// As the kernel has it. `program` lacks what takes BTF to say: the whole of a name that is longer than 15 characters,
// and its scheduler.
struct RawProgram {
    plan::BpfProgram program;
    std::uint32_t btf = 0;      // id of its BTF, which all programs and maps of a scheduler share; 0: none
    std::uint32_t function = 0; // its type there; 0: not known
};

// kernel/bpf/syscall.c: all programs are in `prog_idr`. Layouts: struct bpf_prog, bpf_prog_stats
// (include/linux/filter.h), bpf_prog_aux (include/linux/bpf.h).
class ProgramReader {
  public:
    static Result<ProgramReader> find(const GuestKernel& kernel, int cpus);

    // The callbacks of all sched_ext schedulers and what shares their BTF, in the order of their ids.
    [[nodiscard]] Result<std::vector<RawProgram>> read(ProgramTypes& types) const;
    // Whether the kernel counts runs now (kernel.bpf_stats_enabled). False where it cannot be told.
    [[nodiscard]] bool counts_runs() const;
    // Members of plan::BpfProgram that this kernel does not have, and why.
    [[nodiscard]] const std::map<std::string, std::string>& absent() const { return absent_; }

  private:
    ProgramReader(const GuestKernel& kernel) : kernel_(&kernel) {}
    Result<void> find_needed(int cpus);
    void find_optional();
    Result<RawProgram> describe(std::uint64_t address, ProgramTypes& types) const;
    void describe_function(std::uint64_t aux, RawProgram& raw) const;
    [[nodiscard]] std::string callback_of(std::uint64_t program, std::uint64_t aux) const;
    [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, std::uint64_t program,
                                                      std::uint64_t aux) const;
    [[nodiscard]] std::optional<std::uint64_t> sum_of(std::string_view name, std::uint64_t stats) const;

    struct Needed {
        std::uint64_t programs = 0; // address of the xarray
        std::uint64_t type = 0;     // offsets in struct bpf_prog
        std::uint64_t attach = 0;
        std::uint64_t tag = 0;
        std::uint64_t aux = 0;
        std::uint64_t id = 0; // in struct bpf_prog_aux
        std::uint64_t name = 0;
        std::uint64_t btf = 0;
        std::uint64_t target = 0; // attach_btf_id
    };
    const GuestKernel* kernel_;
    Needed at_;
    std::map<std::string, std::uint64_t, std::less<>> offsets_; // of what a kernel may lack
    std::map<std::string, std::string> absent_;
    std::vector<std::uint64_t> per_cpu_offsets_;
    std::optional<std::uint64_t> stats_key_;
};

// Whole names, and schedulers by the BTF that they share.
std::vector<plan::BpfProgram> named_programs(const std::vector<RawProgram>& raw, ProgramTypes& types,
                                             const std::map<std::uint32_t, Owner>& owners);

std::string_view program_type_name(std::uint32_t type); // "struct_ops"

} // namespace ktstr::observe
