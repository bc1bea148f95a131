// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/elf_strip.h"

#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace ktstr::vmm {

std::string without_debug(std::string program) {
    Elf64_Ehdr header{};
    if (program.size() < sizeof(header)) return program;
    std::memcpy(&header, program.data(), sizeof(header));
    const bool is_elf = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64 &&
                        header.e_ident[EI_DATA] == ELFDATA2LSB && header.e_phentsize == sizeof(Elf64_Phdr);
    const std::uint64_t table_end = header.e_phoff + header.e_phnum * sizeof(Elf64_Phdr);
    if (!is_elf || header.e_phoff > program.size() || table_end > program.size()) return program;
    std::uint64_t end = std::max<std::uint64_t>(table_end, sizeof(header));
    for (std::uint64_t at = header.e_phoff; at < table_end; at += sizeof(Elf64_Phdr)) {
        Elf64_Phdr segment{};
        std::memcpy(&segment, program.data() + at, sizeof(segment));
        if (segment.p_offset > program.size() || segment.p_filesz > program.size() - segment.p_offset) return program;
        end = std::max(end, segment.p_offset + segment.p_filesz);
    }
    header.e_shoff = 0;
    header.e_shnum = 0;
    header.e_shstrndx = SHN_UNDEF;
    std::memcpy(program.data(), &header, sizeof(header));
    program.resize(end);
    return program;
}

} // namespace ktstr::vmm
