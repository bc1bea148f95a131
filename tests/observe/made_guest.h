// SPDX-License-Identifier: GPL-2.0-only
// The memory of a guest made for a test: page tables, a kernel with the types and symbols that a test needs, and
// whatever a test puts there.
#pragma once

#include <bpf/btf.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "vmm/observe/kernel.h"

namespace ktstr::made {

struct Field {
    std::string name; // empty: an anonymous struct or union
    int type = 0;
    std::uint32_t offset = 0;     // bytes
    std::uint32_t bits = 0;       // of a bit field
    std::uint32_t bit_offset = 0; // of a bit field, in addition
};

// BTF from parts; the numbers are libbpf's type ids.
class Types {
  public:
    Types() : btf_(btf__new_empty()) {
        u8 = btf__add_int(btf_, "unsigned char", 1, 0);
        u16 = btf__add_int(btf_, "unsigned short", 2, 0);
        u32 = btf__add_int(btf_, "unsigned int", 4, 0);
        u64 = btf__add_int(btf_, "unsigned long long", 8, 0);
        s32 = btf__add_int(btf_, "int", 4, BTF_INT_SIGNED);
        boolean = btf__add_int(btf_, "_Bool", 1, BTF_INT_BOOL);
        character = btf__add_int(btf_, "char", 1, BTF_INT_SIGNED);
        pointer = btf__add_ptr(btf_, 0);
    }
    ~Types() { btf__free(btf_); }
    Types(const Types&) = delete;
    Types& operator=(const Types&) = delete;

    int structure(const std::string& name, std::uint32_t size, const std::vector<Field>& fields, bool is_union = false);
    int array(int element, std::uint32_t count) { return btf__add_array(btf_, u32, element, count); }
    int pointer_to(int type) { return btf__add_ptr(btf_, type); }
    int enumeration(const std::string& name, const std::vector<std::pair<std::string, int>>& values);
    int function(const std::string& name);
    // A data section of variables: name, type, offset, size.
    struct Variable {
        std::string name;
        int type;
        std::uint32_t offset;
        std::uint32_t size;
    };
    int section(const std::string& name, std::uint32_t size, const std::vector<Variable>& variables);
    [[nodiscard]] std::string bytes() const;
    [[nodiscard]] observe::TypeInfo parsed() const;

    int u8, u16, u32, u64, s32, boolean, character, pointer;

  private:
    btf* btf_;
};

class Guest {
  public:
    static constexpr std::uint64_t kernel_map = 0xffffffff80000000ULL;
    static constexpr std::uint64_t direct_map = 0xffff888000000000ULL; // every byte of RAM, by pages of 2 MiB
    static constexpr std::uint64_t bytes = 64U << 20U;

    // `physical` and `slide`: how much higher than linked the kernel lies, multiples of 2 MiB.
    explicit Guest(std::uint64_t physical = 0, std::uint64_t slide = 0, int levels = 4);

    // Memory for something, at an address of the direct map.
    std::uint64_t allocate(std::size_t size, std::size_t alignment = 64);
    void put(std::uint64_t address, std::span<const std::byte> content);
    template <typename Value> void put(std::uint64_t address, Value value) {
        put(address, std::as_bytes(std::span(&value, 1)));
    }
    void put_text(std::uint64_t address, const std::string& text) {
        put(address, std::as_bytes(std::span(text.data(), text.size() + 1)));
    }
    // A symbol of the kernel's own image, with room for `size` bytes; its address in the guest.
    std::uint64_t symbol(const std::string& name, std::size_t size = 8);
    // Maps a page of its own there.
    void map_page(std::uint64_t address);
    [[nodiscard]] std::span<std::byte> raw() { return {base_, bytes}; }

    Types types;
    // With all symbols and types until then.
    Result<observe::GuestKernel> kernel(const std::string& release = "6.12.0-made");
    [[nodiscard]] const observe::PhysicalMemory& memory() const { return *memory_; }

  private:
    std::uint64_t* table(std::uint64_t* parent, std::uint64_t index);
    std::uint64_t take_page();
    [[nodiscard]] std::byte* at(std::uint64_t address) const;
    Fd fd_;
    std::optional<observe::PhysicalMemory> memory_;
    std::byte* base_ = nullptr;
    std::uint64_t physical_;
    std::uint64_t slide_;
    int levels_;
    std::uint64_t next_page_ = 32U << 20U;   // page tables and pages
    std::uint64_t next_object_ = 48U << 20U; // what allocate() gives
    std::uint64_t next_symbol_ = 0xffffffff81002000ULL;
    std::uint64_t root_ = 0;
    std::string system_map_;
};

} // namespace ktstr::made
