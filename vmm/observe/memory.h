// SPDX-License-Identifier: GPL-2.0-only
// The memory of a guest as the host sees it: physical addresses first, then the kernel's own.
//
// Everything in it is untrusted: a guest may write while we read, and page tables may say anything. So each access is
// bounds-checked, each walk has a bound, and whoever needs a consistent picture stops the vCPUs first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace ktstr::observe {

// Part of the guest's RAM, in order: a NUMA node's memory file, or an image.
struct MemoryPart {
    int fd = -1;
    std::uint64_t bytes = 0;
};

// Where RAM lies in the physical addresses of QEMU's q35 machine: what does not fit below the hole for devices begins
// at 4 GiB (hw/i386/pc_q35.c, pc_q35_init(): the hole begins at 2 GiB for machines of 2.75 GiB and more, else there).
class PhysicalMemory {
  public:
    // Maps the parts one after the other, shared; writes go to the guest if `writable`.
    static Result<PhysicalMemory> map(const std::vector<MemoryPart>& parts, bool writable);
    PhysicalMemory(PhysicalMemory&& other) noexcept;
    PhysicalMemory& operator=(PhysicalMemory&& other) noexcept;
    PhysicalMemory(const PhysicalMemory&) = delete;
    PhysicalMemory& operator=(const PhysicalMemory&) = delete;
    ~PhysicalMemory();

    // The bytes at the physical address, null if they are not RAM from there to their end.
    [[nodiscard]] std::byte* at(std::uint64_t address, std::size_t size) const;
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] bool writable() const { return writable_; }

  private:
    PhysicalMemory() = default;
    std::byte* base_ = nullptr;
    std::uint64_t bytes_ = 0;
    bool writable_ = false;
};

// Virtual addresses, by page tables of x86-64 (Intel SDM volume 3, 4.5: four and five levels, pages of 4 KiB, 2 MiB and
// 1 GiB). Keeps translations until forget(). For one thread at a time.
class AddressSpace {
  public:
    // `root`: physical address of the top table.
    AddressSpace(const PhysicalMemory& memory, std::uint64_t root, int levels);

    // The physical address; an error names the level at which nothing is mapped.
    [[nodiscard]] Result<std::uint64_t> translate(std::uint64_t address) const;
    // Copies; an error names the first address that cannot be read.
    [[nodiscard]] Result<void> read(std::uint64_t address, std::span<std::byte> out) const;
    [[nodiscard]] Result<void> write(std::uint64_t address, std::span<const std::byte> bytes) const;
    template <typename Value> [[nodiscard]] Result<Value> get(std::uint64_t address) const {
        Value value{};
        if (address % sizeof(Value) == 0) // aligned: one load, whatever the guest does meanwhile
            if (const std::byte* from = page(address); from != nullptr) {
                __atomic_load(reinterpret_cast<const Value*>(from + address % page_bytes), &value, __ATOMIC_RELAXED);
                return value;
            }
        std::array<std::byte, sizeof(Value)> raw{};
        if (auto done = read(address, raw); !done) return done.error();
        std::memcpy(&value, raw.data(), sizeof(value));
        return value;
    }
    // Whether the page of that address is mapped to RAM.
    [[nodiscard]] bool mapped(std::uint64_t address) const { return page(address) != nullptr; }
    void forget() const { cache_.assign(cache_.size(), {}); }
    [[nodiscard]] const PhysicalMemory& memory() const { return *memory_; }

    static constexpr std::size_t page_bytes = 4096;

  private:
    struct Entry {
        std::uint64_t page = 1; // no page begins there
        std::byte* bytes = nullptr;
    };
    // Of the 4 KiB around it; null: not there.
    [[nodiscard]] std::byte* page(std::uint64_t address) const {
        const std::uint64_t page = address & ~static_cast<std::uint64_t>(page_bytes - 1);
        const Entry& entry = cache_[(page / page_bytes) % cached_pages];
        return entry.page == page ? entry.bytes : find_page(page);
    }
    [[nodiscard]] std::byte* find_page(std::uint64_t page) const;
    static constexpr std::size_t cached_pages = 4096;
    const PhysicalMemory* memory_;
    std::uint64_t root_;
    int levels_;
    mutable std::vector<Entry> cache_;
};

std::string hex(std::uint64_t number); // "0xffff888003a40000"

} // namespace ktstr::observe
