// SPDX-License-Identifier: GPL-2.0-only
#include <sys/mman.h>

#include "base/fd.h"
#include "base/file.h"
#include "fuzz/targets.h"
#include "vmm/kernel/elf_file.h"
#include "vmm/kernel/kallsyms.h"
#include "vmm/observe/kernel.h"

namespace ktstr::fuzz {

namespace {

std::string try_map(const std::string& text) {
    const auto symbols = observe::Symbols::parse(text);
    for (const std::uint64_t address : {0ULL, 0xffffffff81000000ULL, ~0ULL}) (void)symbols.describe(address);
    for (const auto& name : symbols.similar("sched"))
        if (!symbols.find(name)) return "a symbol that is listed cannot be found";
    return {};
}

std::string try_file(std::string_view bytes) {
    const Fd file(::memfd_create("kernel", MFD_CLOEXEC));
    if (!file || !write_all(file.get(), bytes, "kernel")) return {};
    const std::string path = "/proc/self/fd/" + std::to_string(file.get());
    const auto facts = observe::KernelFacts::load(path, std::nullopt, "6.12.0");
    if (!facts && facts.error().message.empty()) return "a kernel is refused without a reason";
    if (const auto elf = ElfFile::open(path)) (void)elf->has_note("Linux", 0x101);
    return {};
}

} // namespace

std::string try_symbols(std::string_view input) {
    if (input.empty()) return {};
    const char kind = input.front();
    input.remove_prefix(1);
    if (kind == 'm') return try_map(std::string(input));
    if (kind == 'e') return try_file(input);
    const auto map = system_map_from_rodata(input, 0xffffffff82000000ULL);
    return map ? try_map(*map) : "";
}

} // namespace ktstr::fuzz
