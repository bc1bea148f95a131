// SPDX-License-Identifier: GPL-2.0-only
// A small guest for the fuzzer to write into: one BPF map of every kind that is read, a task, two runqueues, and a
// scheduler that is attached, all in order until something is written.
//
// An input is a first byte (1: five levels of page tables; 2: KASLR) and then writes, each of a byte for where and
// what, two bytes of a place and two to eight of a value.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "tests/observe/made_guest.h"
#include "vmm/observe/kernel.h"

namespace ktstr::fuzz {

class Victim {
  public:
    Victim(int levels, std::uint64_t slide);

    // Takes back what the last input has written, and writes what this one says.
    void write(std::string_view input);
    // As the host would find it; none or an error once the page tables are gone.
    Result<observe::GuestKernel> kernel() const { return observe::GuestKernel::find(facts_, guest_.memory()); }

    static constexpr int cpus = 2;
    static constexpr int pid = 7;

  private:
    void add_types();
    void add_kernel_types();
    void add_maps();
    void add_hash(std::uint32_t type, bool percpu);
    void add_task_storage();
    void add_arena();
    void add_stacks_and_rings();
    void add_scheduler();
    void add_program();
    void add_task();
    void add_queues();
    std::uint64_t add_map(std::uint32_t type, const char* name, std::uint32_t key, std::uint32_t value,
                          std::uint32_t entries);
    // An XArray's node with these entries from index 1.
    std::uint64_t node(const std::vector<std::uint64_t>& entries);
    std::uint64_t room(std::size_t size) { return guest_.allocate(size); }
    void put_back();
    void put(std::uint64_t physical, const void* bytes, std::size_t size);

    made::Guest guest_;
    std::shared_ptr<const observe::KernelFacts> facts_;
    std::uint64_t begin_ = 0; // of what is written into, in physical memory
    std::uint64_t program_btf_ = 0;
    std::uint32_t section_ = 0; // in the program's BTF
    int ops_value_ = 0;         // in the kernel's
    int task_type_ = 0;
    std::vector<std::uint64_t> maps_;
    struct Written {
        std::uint64_t physical;
        std::uint64_t before;
    };
    std::vector<Written> written_;
};

} // namespace ktstr::fuzz
