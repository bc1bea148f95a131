// SPDX-License-Identifier: GPL-2.0-only
// Read-only view of an ELF file: sections by name and the notes, with every range checked against the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

struct Elf;
struct Elf_Scn;

namespace ktstr {

class ElfFile {
  public:
    // An error if `path` is not ELF, or if one of its segments or sections lies outside the file (a truncated copy).
    static Result<ElfFile> open(const std::filesystem::path& path);

    [[nodiscard]] std::uint16_t machine() const; // e_machine, EM_X86_64 for the kernels we boot
    // The bytes of the section, valid while this object lives; none if the file has no such section.
    [[nodiscard]] std::optional<std::string_view> section(std::string_view name) const;
    // Where the section is linked to (sh_addr); none if the file has no such section.
    [[nodiscard]] std::optional<std::uint64_t> section_address(std::string_view name) const;
    [[nodiscard]] bool has_note(std::string_view owner, std::uint32_t type) const;

  private:
    struct Close {
        void operator()(Elf* elf) const;
    };
    ElfFile(Fd fd, Elf* elf) : fd_(std::move(fd)), elf_(elf) {}
    [[nodiscard]] Elf_Scn* find(std::string_view name) const; // null if there is none
    Fd fd_;
    std::unique_ptr<Elf, Close> elf_;
};

} // namespace ktstr
