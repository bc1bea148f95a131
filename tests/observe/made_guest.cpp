// SPDX-License-Identifier: GPL-2.0-only
#include "made_guest.h"

#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>

namespace ktstr::made {

namespace {

constexpr std::uint64_t linked_at = 0xffffffff81000000ULL;
constexpr std::uint64_t present = 3; // and writable
constexpr std::uint64_t huge = 1U << 7U;
constexpr std::uint64_t two_mib = 2U << 20U;

// For what is made wrong: the fuzzers, which have no test framework, make guests too.
void must(bool holds) {
    if (!holds) throw std::logic_error("a guest cannot be made so");
}

} // namespace

int Types::structure(const std::string& name, std::uint32_t size, const std::vector<Field>& fields, bool is_union) {
    const char* text = name.empty() ? nullptr : name.c_str();
    const int id = is_union ? btf__add_union(btf_, text, size) : btf__add_struct(btf_, text, size);
    for (const auto& field : fields)
        must(btf__add_field(btf_, field.name.empty() ? nullptr : field.name.c_str(), field.type,
                            field.offset * 8 + field.bit_offset, field.bits) == 0);
    return id;
}

int Types::enumeration(const std::string& name, const std::vector<std::pair<std::string, int>>& values) {
    const int id = btf__add_enum(btf_, name.c_str(), 4);
    for (const auto& [text, value] : values) must(btf__add_enum_value(btf_, text.c_str(), value) == 0);
    return id;
}

int Types::function(const std::string& name) {
    return btf__add_func(btf_, name.c_str(), BTF_FUNC_STATIC, btf__add_func_proto(btf_, 0));
}

int Types::section(const std::string& name, std::uint32_t size, const std::vector<Variable>& variables) {
    std::vector<int> ids;
    for (const auto& variable : variables)
        ids.push_back(btf__add_var(btf_, variable.name.c_str(), BTF_VAR_GLOBAL_ALLOCATED, variable.type));
    const int id = btf__add_datasec(btf_, name.c_str(), size);
    for (std::size_t i = 0; i < ids.size(); ++i)
        must(btf__add_datasec_var_info(btf_, ids[i], variables[i].offset, variables[i].size) == 0);
    return id;
}

std::string Types::bytes() const {
    std::uint32_t size = 0;
    const auto* data = static_cast<const char*>(btf__raw_data(btf_, &size));
    must(data != nullptr);
    return {data, size};
}

observe::TypeInfo Types::parsed() const {
    auto types = observe::TypeInfo::parse(bytes(), "made types");
    must(types.ok());
    return std::move(*types);
}

Guest::Guest(std::uint64_t physical, std::uint64_t slide, int levels)
    : fd_(::memfd_create("made-guest", MFD_CLOEXEC)), physical_(physical), slide_(slide), levels_(levels) {
    must(::ftruncate(fd_.get(), static_cast<off_t>(bytes)) == 0);
    auto memory = observe::PhysicalMemory::map({{fd_.get(), bytes}}, true);
    must(memory.ok());
    memory_ = std::move(*memory);
    base_ = memory_->at(0, bytes);

    const std::uint64_t banner = symbol("linux_banner", 128);
    const std::uint64_t top = symbol("init_top_pgt", 8192);
    const std::uint64_t pages_shift = symbol("pgdir_shift", 4);
    const auto physical_of = [this](std::uint64_t address) { return address - slide_ - kernel_map + physical_; };
    root_ = (physical_of(top) + 4095) / 4096 * 4096;
    system_map_.clear();
    for (const auto& [name, address] : {std::pair<std::string, std::uint64_t>{"linux_banner", banner - slide_},
                                        {"init_top_pgt", root_ - physical_ + kernel_map},
                                        {"pgdir_shift", pages_shift - slide_}})
        system_map_ += observe::hex(address).substr(2) + " D " + name + "\n";
    const std::string text = "Linux version 6.12.0-made (made) #1";
    std::memcpy(base_ + physical_of(banner), text.c_str(), text.size() + 1);
    const std::uint32_t shift = levels == 5 ? 48 : 39;
    std::memcpy(base_ + physical_of(pages_shift), &shift, sizeof(shift));

    const auto map_huge = [this](std::uint64_t virtual_address, std::uint64_t to) {
        auto* entries = reinterpret_cast<std::uint64_t*>(base_ + root_);
        for (int level = levels_; level > 2; --level)
            entries = table(entries, (virtual_address >> (12 + 9 * static_cast<unsigned>(level - 1))) & 511U);
        entries[(virtual_address >> 21U) & 511U] = to | present | huge;
    };
    for (std::uint64_t at = 0; at < bytes; at += two_mib) map_huge(direct_map + at, at);
    for (std::uint64_t at = 0; at < two_mib; at += two_mib)
        map_huge(linked_at + slide_ + at, linked_at - kernel_map + physical_ + at);
}

std::uint64_t Guest::take_page() {
    const std::uint64_t page = next_page_;
    next_page_ += 4096;
    return page;
}

std::uint64_t* Guest::table(std::uint64_t* parent, std::uint64_t index) {
    if ((parent[index] & 1U) == 0) parent[index] = take_page() | present;
    return reinterpret_cast<std::uint64_t*>(base_ + (parent[index] & ~std::uint64_t{4095}));
}

void Guest::map_page(std::uint64_t address) {
    auto* entries = reinterpret_cast<std::uint64_t*>(base_ + root_);
    for (int level = levels_; level > 1; --level)
        entries = table(entries, (address >> (12 + 9 * static_cast<unsigned>(level - 1))) & 511U);
    entries[(address >> 12U) & 511U] = take_page() | present;
}

std::uint64_t Guest::allocate(std::size_t size, std::size_t alignment) {
    next_object_ = (next_object_ + alignment - 1) / alignment * alignment;
    const std::uint64_t address = direct_map + next_object_;
    next_object_ += size;
    must(next_object_ <= bytes);
    return address;
}

std::byte* Guest::at(std::uint64_t address) const {
    if (address >= kernel_map) return base_ + (address - slide_ - kernel_map + physical_);
    if (address >= direct_map && address < direct_map + bytes) return base_ + (address - direct_map);
    return nullptr;
}

void Guest::put(std::uint64_t address, std::span<const std::byte> content) {
    if (std::byte* place = at(address); place != nullptr) {
        std::memcpy(place, content.data(), content.size());
        return;
    }
    const observe::AddressSpace space(*memory_, root_, levels_);
    must(space.write(address, content).ok());
}

std::uint64_t Guest::symbol(const std::string& name, std::size_t size) {
    const std::uint64_t linked = next_symbol_;
    next_symbol_ += (size + 63) / 64 * 64;
    system_map_ += observe::hex(linked).substr(2) + " D " + name + "\n";
    return linked + slide_;
}

Result<observe::GuestKernel> Guest::kernel(const std::string& release) {
    auto facts = std::make_shared<const observe::KernelFacts>(
        observe::KernelFacts{observe::Symbols::parse(system_map_), types.parsed(), release});
    return observe::GuestKernel::find(std::move(facts), *memory_);
}

} // namespace ktstr::made
