// SPDX-License-Identifier: GPL-2.0-only
// Symbols of a kernel image without a symbol table, from the tables that the kernel itself keeps for /proc/kallsyms.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vmm/kernel/elf_file.h"

namespace ktstr {

// The symbols as a System.map ("ffffffff81000000 T _stext" a line), addresses as linked (without KASLR). None if the
// tables are not found: the layout is that of kernels from 6.4 on (scripts/kallsyms.c), x86-64.
std::optional<std::string> system_map_from_kallsyms(const ElfFile& vmlinux);

// The same from the bytes of .rodata, and where it is linked to.
std::optional<std::string> system_map_from_rodata(std::string_view rodata, std::uint64_t linked_to);

} // namespace ktstr
