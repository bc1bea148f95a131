// SPDX-License-Identifier: GPL-2.0-only
// A running kernel in the memory of its guest: where it lies, its symbols and types.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "vmm/observe/memory.h"
#include "vmm/observe/symbols.h"
#include "vmm/observe/type_info.h"

namespace ktstr::observe {

// What is known of a kernel without running it. The same object serves all runs of a kernel.
inline constexpr int most_cpus = 8192; // CONFIG_NR_CPUS at most

struct KernelFacts {
    Symbols symbols;
    TypeInfo types;
    std::string release; // `uname -r`

    static Result<std::shared_ptr<const KernelFacts>> load(const std::filesystem::path& vmlinux,
                                                           const std::optional<std::filesystem::path>& system_map,
                                                           const std::string& release);
};

// Finds the kernel without anything of the guest's help, with and without KASLR:
//  - where it lies in physical memory: at some multiple of 2 MiB (CONFIG_PHYSICAL_ALIGN) from where it is linked to
//    there is `linux_banner`, whose text is known ("Linux version " and the release);
//  - its page tables: `init_top_pgt`, which has all of the kernel's half; five levels if `pgdir_shift` says 48
//    (arch/x86/include/asm/pgtable_64_types.h);
//  - where it lies in virtual memory: at the page of the kernel's GiB which is mapped to that physical memory.
// For one thread at a time.
class GuestKernel {
  public:
    // `memory` must outlive the result.
    static Result<GuestKernel> find(std::shared_ptr<const KernelFacts> facts, const PhysicalMemory& memory);

    [[nodiscard]] const KernelFacts& facts() const { return *facts_; }
    [[nodiscard]] const TypeInfo& types() const { return facts_->types; }
    [[nodiscard]] const AddressSpace& memory() const { return memory_; }
    // Where the symbol is in this guest.
    [[nodiscard]] Result<std::uint64_t> symbol(std::string_view name) const;
    // The symbol at an address of this guest, "do_idle+0x1f".
    [[nodiscard]] std::string describe(std::uint64_t address) const;
    // What has to be added to a per-CPU address to come to the CPU's copy (`__per_cpu_offset[cpu]`).
    [[nodiscard]] Result<std::uint64_t> per_cpu_offset(int cpu) const;
    // The CPU's copy of a per-CPU variable.
    [[nodiscard]] Result<std::uint64_t> per_cpu(std::string_view name, int cpu) const;
    // task_struct of a task by its pid in the initial namespace.
    [[nodiscard]] Result<std::uint64_t> task(int pid) const;
    [[nodiscard]] std::uint64_t slide() const { return slide_; } // of KASLR: runtime less linked address

    // Offset of a member in a kernel's struct, as TypeInfo::offset().
    [[nodiscard]] Result<std::uint64_t> offset(std::string_view struct_name, std::string_view path) const {
        return types().offset(struct_name, path);
    }
    // The value of a member of that type at `object` + its offset.
    template <typename Value>
    [[nodiscard]] Result<Value> member(std::uint64_t object, std::string_view struct_name,
                                       std::string_view path) const {
        const auto at = offset(struct_name, path);
        if (!at) return at.error();
        return memory_.get<Value>(object + *at);
    }

  private:
    GuestKernel(std::shared_ptr<const KernelFacts> facts, AddressSpace memory, std::uint64_t slide)
        : facts_(std::move(facts)), memory_(std::move(memory)), slide_(slide) {}
    std::shared_ptr<const KernelFacts> facts_;
    AddressSpace memory_;
    std::uint64_t slide_;
};

// All pointers of an IDR or XArray (include/linux/xarray.h: an entry whose low bits are 10 is a node, a node has 64
// slots and a shift), in the order of their indexes, at most `most`. `xarray` is the address of a struct xarray.
Result<std::vector<std::uint64_t>> xarray_entries(const GuestKernel& kernel, std::uint64_t xarray, std::size_t most);
// The pointer at an index; 0 if there is none.
Result<std::uint64_t> xarray_entry(const GuestKernel& kernel, std::uint64_t xarray, std::uint64_t index);

} // namespace ktstr::observe
