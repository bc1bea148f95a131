// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace ktstr::observe {

namespace {

constexpr std::uint64_t four_gib = 1ULL << 32U;
constexpr std::uint64_t small_machine = 0xb0000000; // 2.75 GiB
constexpr std::uint64_t low_of_large = 0x80000000;
constexpr std::uint64_t address_bits = 0x000ffffffffff000ULL; // of a page table's entry
constexpr std::uint64_t present = 1;
constexpr std::uint64_t huge = 1U << 7U;
constexpr unsigned bits_per_level = 9;

// At once, for a guest that reads it meanwhile.
template <typename Value> void store(std::byte* to, std::span<const std::byte> bytes) {
    Value value{};
    std::memcpy(&value, bytes.data(), sizeof(value));
    __atomic_store(reinterpret_cast<Value*>(to), &value, __ATOMIC_RELAXED);
}

} // namespace

Result<PhysicalMemory> PhysicalMemory::map(const std::vector<MemoryPart>& parts, bool writable) {
    PhysicalMemory memory;
    std::uint64_t bytes = 0;
    for (const auto& part : parts) bytes += part.bytes;
    if (bytes == 0) return Error{"there is no guest memory to look at"};
    const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    void* base = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return errno_error("map", "guest memory", errno);
    memory.base_ = static_cast<std::byte*>(base);
    memory.bytes_ = bytes;
    memory.writable_ = writable;
    std::uint64_t at = 0;
    for (const auto& part : parts) {
        if (part.bytes % AddressSpace::page_bytes != 0)
            return Error{"guest memory of " + std::to_string(part.bytes) + " bytes is not a number of pages"};
        if (::mmap(memory.base_ + at, part.bytes, protection, MAP_SHARED | MAP_FIXED, part.fd, 0) == MAP_FAILED)
            return errno_error("map", "guest memory", errno);
        at += part.bytes;
    }
    return memory;
}

PhysicalMemory::PhysicalMemory(PhysicalMemory&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)), bytes_(other.bytes_), writable_(other.writable_) {}

PhysicalMemory& PhysicalMemory::operator=(PhysicalMemory&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(bytes_, other.bytes_);
    std::swap(writable_, other.writable_);
    return *this;
}

PhysicalMemory::~PhysicalMemory() {
    if (base_ != nullptr) ::munmap(base_, bytes_);
}

std::byte* PhysicalMemory::at(std::uint64_t address, std::size_t size) const {
    const std::uint64_t low = bytes_ >= small_machine ? low_of_large : bytes_;
    const std::uint64_t high = bytes_ - low;
    if (address < low) return size <= low - address ? base_ + address : nullptr;
    if (address < four_gib || address - four_gib >= high) return nullptr;
    const std::uint64_t offset = address - four_gib;
    return size <= high - offset ? base_ + low + offset : nullptr;
}

AddressSpace::AddressSpace(const PhysicalMemory& memory, std::uint64_t root, int levels)
    : memory_(&memory), root_(root), levels_(levels), cache_(cached_pages) {}

Result<std::uint64_t> AddressSpace::translate(std::uint64_t address) const {
    std::uint64_t table = root_;
    for (int level = levels_; level >= 1; --level) {
        const unsigned shift = 12 + bits_per_level * static_cast<unsigned>(level - 1);
        const std::uint64_t index = (address >> shift) & ((1U << bits_per_level) - 1);
        const std::byte* place = memory_->at(table + index * sizeof(std::uint64_t), sizeof(std::uint64_t));
        if (place == nullptr)
            return Error{"no memory at " + hex(table) + ", where the page table for " + hex(address) + " should be"};
        std::uint64_t entry = 0;
        std::memcpy(&entry, place, sizeof(entry));
        if ((entry & present) == 0)
            return Error{hex(address) + " is not mapped (level " + std::to_string(level) + " of its page tables)"};
        const std::uint64_t offset_mask = (1ULL << shift) - 1;
        if (level == 1 || (level <= 3 && (entry & huge) != 0))
            return (entry & address_bits & ~offset_mask) | (address & offset_mask);
        table = entry & address_bits;
    }
    return Error{hex(address) + " is not mapped"};
}

std::byte* AddressSpace::find_page(std::uint64_t page) const {
    const auto physical = translate(page);
    if (!physical) return nullptr;
    std::byte* bytes = memory_->at(*physical, page_bytes);
    if (bytes != nullptr) cache_[(page / page_bytes) % cached_pages] = {page, bytes};
    return bytes;
}

Result<void> AddressSpace::read(std::uint64_t address, std::span<std::byte> out) const {
    while (!out.empty()) {
        const std::byte* from = page(address);
        if (from == nullptr) {
            const auto physical = translate(address);
            return Error{"cannot read guest memory: " +
                         (physical ? hex(address) + " is at " + hex(*physical) + ", which is no RAM"
                                   : physical.error().message)};
        }
        const std::size_t offset = address % page_bytes;
        const std::size_t count = std::min(out.size(), page_bytes - offset);
        std::memcpy(out.data(), from + offset, count);
        out = out.subspan(count);
        address += count;
    }
    return {};
}

Result<void> AddressSpace::write(std::uint64_t address, std::span<const std::byte> bytes) const {
    if (!memory_->writable()) return Error{"guest memory is open for reading only"};
    // All or nothing: the pages are looked up first.
    for (std::uint64_t at = address; at < address + bytes.size(); at = (at | (page_bytes - 1)) + 1)
        if (page(at) == nullptr) {
            const auto physical = translate(at);
            return Error{"cannot write guest memory: " +
                         (physical ? hex(at) + " is no RAM" : physical.error().message)};
        }
    if (bytes.size() == sizeof(std::uint64_t) && address % sizeof(std::uint64_t) == 0)
        return store<std::uint64_t>(page(address) + address % page_bytes, bytes), Result<void>{};
    if (bytes.size() == sizeof(std::uint32_t) && address % sizeof(std::uint32_t) == 0)
        return store<std::uint32_t>(page(address) + address % page_bytes, bytes), Result<void>{};
    while (!bytes.empty()) {
        const std::size_t offset = address % page_bytes;
        const std::size_t count = std::min(bytes.size(), page_bytes - offset);
        std::memcpy(page(address) + offset, bytes.data(), count);
        bytes = bytes.subspan(count);
        address += count;
    }
    return {};
}

std::string hex(std::uint64_t number) {
    std::array<char, 20> text{};
    std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(number));
    return text.data();
}

} // namespace ktstr::observe
