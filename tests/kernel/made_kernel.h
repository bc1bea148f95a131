// SPDX-License-Identifier: GPL-2.0-only
// Small made-up kernel images: just enough of ELF, bzImage and BTF for the code that reads them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ktstr::made {

constexpr std::uint64_t rodata_address = 0xffffffff82200000ULL;

struct Section {
    std::string name;
    std::string content;
    std::uint64_t address = 0;
};

struct VmlinuxOptions {
    std::string banner = "Linux version 7.0.13-made (made@here) #1 SMP";
    std::uint16_t machine = 62; // EM_X86_64
    bool pvh = true;
    std::vector<Section> sections = {};
};

// An ELF file with the banner in .rodata, a PVH note if asked for, and the sections.
std::string vmlinux(const VmlinuxOptions& options = {});

// A bzImage whose payload is `payload`, which was made from a vmlinux of `unpacked_size` bytes.
std::string bzimage(std::string_view payload, std::size_t unpacked_size, const std::string& release = "7.0.13-made");

// `content` compressed by libarchive's filter ("gzip", "xz", ...).
std::string compressed(const std::string& content, const std::string& filter);
// In the legacy lz4 frame that kernel builds use, as literals only.
std::string lz4_legacy(std::string_view content);

// A kfunc as BTF has it: its parameters' names, and whether it has the decl tag.
struct Kfunc {
    std::string name;
    std::vector<std::string> parameters = {};
    bool tagged = true;
    bool registered = true;
    std::uint32_t flags = 0;
};
struct Btf {
    std::string types; // section .BTF
    std::string ids;   // section .BTF_ids
};
Btf btf(const std::vector<Kfunc>& kfuncs, bool sched_ext = true);

// The kfuncs that every scheduler needs, as 7.0 has them.
std::vector<Kfunc> needed_kfuncs();

} // namespace ktstr::made
