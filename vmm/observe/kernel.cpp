// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/kernel.h"

#include <algorithm>
#include <array>

#include "vmm/kernel/elf_file.h"

namespace ktstr::observe {

namespace {

constexpr std::uint64_t kernel_map = 0xffffffff80000000ULL;       // __START_KERNEL_map
constexpr std::uint64_t kernel_map_bytes = 1ULL << 30U;           // KERNEL_IMAGE_SIZE at most
constexpr std::uint64_t alignment = 2U << 20U;                    // CONFIG_PHYSICAL_ALIGN at least
constexpr std::uint64_t physical_limit = std::uint64_t{1} << 40U; // of the search: RAM of any guest lies below
constexpr std::size_t slots = 64;                                 // XA_CHUNK_SIZE
constexpr int most_nodes_deep = 11;                               // of an XArray: 64 bits of index, 6 a level

bool is_node(std::uint64_t entry) { return (entry & 3) == 2 && entry > 4096; }
std::uint64_t node_address(std::uint64_t entry) { return entry - 2; }

bool banner_at(const PhysicalMemory& memory, std::uint64_t address, std::string_view expected) {
    const std::byte* text = memory.at(address, expected.size());
    return text != nullptr && std::memcmp(text, expected.data(), expected.size()) == 0;
}

// How much higher than linked the kernel lies in physical memory.
std::optional<std::uint64_t> find_physical(const Symbols& symbols, const PhysicalMemory& memory,
                                           std::string_view release) {
    const auto banner = symbols.find("linux_banner");
    if (!banner || *banner < kernel_map) return std::nullopt;
    const std::string expected = "Linux version " + std::string(release) + " ";
    const std::uint64_t linked = *banner - kernel_map;
    const std::uint64_t first = linked % alignment;
    if (banner_at(memory, linked, expected)) return 0;
    const std::uint64_t end = std::min<std::uint64_t>(physical_limit, memory.bytes() + (std::uint64_t{4} << 30U));
    for (std::uint64_t at = first; at < end; at += alignment)
        if (banner_at(memory, at, expected)) return at - linked; // may be lower: wraps
    return std::nullopt;
}

} // namespace

Result<std::shared_ptr<const KernelFacts>> KernelFacts::load(const std::filesystem::path& vmlinux,
                                                             const std::optional<std::filesystem::path>& system_map,
                                                             const std::string& release) {
    auto symbols = Symbols::load(vmlinux, system_map);
    if (!symbols) return symbols.error();
    const auto elf = ElfFile::open(vmlinux);
    if (!elf) return elf.error();
    const auto section = elf->section(".BTF");
    if (!section)
        return Error{"the kernel " + vmlinux.string() + " has no type information (.BTF)",
                     "observation needs CONFIG_DEBUG_INFO_BTF: ktstr kernel build makes one that has it"};
    auto types = TypeInfo::parse(*section, "kernel " + release);
    if (!types) return types.error();
    return std::make_shared<const KernelFacts>(KernelFacts{std::move(*symbols), std::move(*types), release});
}

Result<GuestKernel> GuestKernel::find(std::shared_ptr<const KernelFacts> facts, const PhysicalMemory& memory) {
    const Symbols& symbols = facts->symbols;
    const auto physical = find_physical(symbols, memory, facts->release);
    if (!physical)
        return Error{"kernel " + facts->release + " is not to be found in the guest's memory",
                     "is the vmlinux that of the kernel which runs?"};
    const auto at = [&](std::string_view name) -> std::optional<std::uint64_t> {
        const auto address = symbols.find(name);
        return address ? std::optional(*address - kernel_map + *physical) : std::nullopt;
    };
    const auto top = at("init_top_pgt");
    if (!top) return Error{"kernel " + facts->release + " has no symbol init_top_pgt"};
    std::uint32_t shift = 39;
    if (const auto place = at("pgdir_shift"))
        if (const std::byte* bytes = memory.at(*place, sizeof(shift))) std::memcpy(&shift, bytes, sizeof(shift));
    AddressSpace space(memory, *top, shift == 48 ? 5 : 4);

    const auto banner = symbols.find("linux_banner");
    const std::uint64_t wanted = *banner - kernel_map + *physical;
    const auto maps = [&](std::uint64_t slide) {
        const auto found = space.translate(*banner + slide);
        return found && *found == wanted;
    };
    std::uint64_t slide = 0;
    if (!maps(slide)) {
        for (std::uint64_t base = 0; base < kernel_map_bytes && !maps(slide); base += alignment)
            slide = base - (*banner - kernel_map) / alignment * alignment;
        if (!maps(slide)) return Error{"the page tables of kernel " + facts->release + " do not show where it lies"};
    }
    return GuestKernel(std::move(facts), std::move(space), slide);
}

Result<std::uint64_t> GuestKernel::symbol(std::string_view name) const {
    const auto address = facts_->symbols.find(name);
    if (address) return *address >= kernel_map ? *address + slide_ : *address;
    std::string near;
    for (const auto& other : facts_->symbols.similar(name)) near += (near.empty() ? "" : ", ") + other;
    return Error{"kernel " + facts_->release + " has no symbol '" + std::string(name) + "'",
                 near.empty() ? "" : "it has: " + near};
}

std::string GuestKernel::describe(std::uint64_t address) const { return facts_->symbols.describe(address - slide_); }

Result<std::uint64_t> GuestKernel::per_cpu_offset(int cpu) const {
    if (cpu < 0 || cpu >= most_cpus) return Error{"there is no CPU " + std::to_string(cpu)};
    const auto table = symbol("__per_cpu_offset");
    if (!table) return table.error();
    return memory_.get<std::uint64_t>(*table + static_cast<std::uint64_t>(cpu) * sizeof(std::uint64_t));
}

Result<std::uint64_t> GuestKernel::per_cpu(std::string_view name, int cpu) const {
    const auto address = symbol(name);
    if (!address) return address.error();
    const auto offset = per_cpu_offset(cpu);
    if (!offset) return offset.error();
    return *address + *offset;
}

// kernel/pid.c: the IDR of the namespace has struct pid, whose list of the tasks with that pid goes through
// task_struct::pid_links[PIDTYPE_PID], the first of them.
Result<std::uint64_t> GuestKernel::task(int pid) const {
    const auto space = symbol("init_pid_ns");
    const auto idr = offset("pid_namespace", "idr.idr_rt");
    const auto tasks = offset("pid", "tasks");
    const auto links = offset("task_struct", "pid_links");
    for (const auto* part : {&space, &idr, &tasks, &links})
        if (!*part) return part->error();
    const auto entry = xarray_entry(*this, *space + *idr, static_cast<std::uint64_t>(pid));
    if (!entry) return entry.error();
    if (*entry == 0) return Error{"there is no task with pid " + std::to_string(pid)};
    const auto first = memory_.get<std::uint64_t>(*entry + *tasks);
    if (!first) return first.error();
    if (*first == 0) return Error{"the task with pid " + std::to_string(pid) + " has ended"};
    return *first - *links;
}

namespace {

struct NodeLayout {
    std::uint64_t shift = 0;
    std::uint64_t slots = 0;
    std::uint64_t head = 0; // of struct xarray
};

Result<NodeLayout> node_layout(const GuestKernel& kernel) {
    const auto shift = kernel.offset("xa_node", "shift");
    const auto places = kernel.offset("xa_node", "slots");
    const auto head = kernel.offset("xarray", "xa_head");
    for (const auto* part : {&shift, &places, &head})
        if (!*part) return part->error();
    return NodeLayout{*shift, *places, *head};
}

} // namespace

Result<std::vector<std::uint64_t>> xarray_entries(const GuestKernel& kernel, std::uint64_t xarray, std::size_t most) {
    const auto layout = node_layout(kernel);
    if (!layout) return layout.error();
    const auto head = kernel.memory().get<std::uint64_t>(xarray + layout->head);
    if (!head) return head.error();
    std::vector<std::uint64_t> found;
    struct Pending {
        std::uint64_t entry;
        int depth;
    };
    std::vector<Pending> pending{{*head, 0}};
    while (!pending.empty()) {
        const Pending here = pending.back();
        pending.pop_back();
        if (here.entry == 0) continue;
        if (!is_node(here.entry)) {
            if ((here.entry & 3) == 0) found.push_back(here.entry);
            if (found.size() > most) return Error{"more than " + std::to_string(most) + " entries in a list"};
            continue;
        }
        if (here.depth > most_nodes_deep)
            return Error{"a list of the kernel's does not end (a node points above itself)"};
        std::array<std::uint64_t, slots> children{};
        if (auto read = kernel.memory().read(node_address(here.entry) + layout->slots,
                                             std::as_writable_bytes(std::span(children)));
            !read)
            return read.error();
        for (auto child = children.rbegin(); child != children.rend(); ++child)
            if (*child != 0) pending.push_back({*child, here.depth + 1});
    }
    return found;
}

Result<std::uint64_t> xarray_entry(const GuestKernel& kernel, std::uint64_t xarray, std::uint64_t index) {
    const auto layout = node_layout(kernel);
    if (!layout) return layout.error();
    const auto head = kernel.memory().get<std::uint64_t>(xarray + layout->head);
    if (!head) return head.error();
    std::uint64_t entry = *head;
    if (!is_node(entry)) return index == 0 && (entry & 3) == 0 ? entry : 0;
    for (int depth = 0; is_node(entry); ++depth) {
        if (depth > most_nodes_deep) return Error{"a list of the kernel's does not end (a node points above itself)"};
        const auto shift = kernel.memory().get<std::uint8_t>(node_address(entry) + layout->shift);
        if (!shift) return shift.error();
        if (*shift >= 64 || (depth == 0 && *shift + 6 < 64 && (index >> (*shift + 6U)) != 0)) return 0;
        const auto child = kernel.memory().get<std::uint64_t>(node_address(entry) + layout->slots +
                                                              ((index >> *shift) % slots) * sizeof(std::uint64_t));
        if (!child) return child.error();
        entry = *child;
        index &= (1ULL << *shift) - 1;
    }
    return (entry & 3) == 0 ? entry : 0;
}

} // namespace ktstr::observe
