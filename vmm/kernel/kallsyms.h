// SPDX-License-Identifier: GPL-2.0-only
// Symbols of a kernel image without a symbol table, from the tables that the kernel itself keeps for /proc/kallsyms.
#pragma once

#include <optional>
#include <string>

#include "vmm/kernel/elf_file.h"

namespace ktstr {

// The symbols as a System.map ("ffffffff81000000 T _stext" a line), addresses as linked (without KASLR). None if the
// tables are not found: the layout is that of kernels from 6.4 on (scripts/kallsyms.c), x86-64.
std::optional<std::string> system_map_from_kallsyms(const ElfFile& vmlinux);

} // namespace ktstr
