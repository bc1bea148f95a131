// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/kernel/elf_file.h"

#include <fcntl.h>
#include <gelf.h>
#include <sys/stat.h>

#include <cerrno>

namespace ktstr {

namespace {

bool inside(std::uint64_t offset, std::uint64_t size, std::uint64_t file_size) {
    return offset <= file_size && size <= file_size - offset;
}

// Whether all that the headers promise is in the file.
bool complete(Elf* elf, std::uint64_t file_size) {
    GElf_Ehdr file_header;
    if (gelf_getehdr(elf, &file_header) == nullptr) return false;
    // libelf takes a table that is cut off for one that is not there.
    if (!inside(file_header.e_shoff, std::uint64_t{file_header.e_shnum} * file_header.e_shentsize, file_size) ||
        !inside(file_header.e_phoff, std::uint64_t{file_header.e_phnum} * file_header.e_phentsize, file_size))
        return false;
    std::size_t segments = 0;
    if (elf_getphdrnum(elf, &segments) != 0) return false;
    for (std::size_t i = 0; i < segments; ++i) {
        GElf_Phdr header;
        if (gelf_getphdr(elf, static_cast<int>(i), &header) == nullptr) return false;
        if (!inside(header.p_offset, header.p_filesz, file_size)) return false;
    }
    std::size_t sections = 0;
    if (elf_getshdrnum(elf, &sections) != 0) return false;
    for (std::size_t i = 0; i < sections; ++i) {
        GElf_Shdr header;
        Elf_Scn* section = elf_getscn(elf, i);
        if (section == nullptr || gelf_getshdr(section, &header) == nullptr) return false;
        if (header.sh_type != SHT_NOBITS && !inside(header.sh_offset, header.sh_size, file_size)) return false;
    }
    return true;
}

bool data_has_note(Elf_Data* data, std::string_view owner, std::uint32_t type) {
    GElf_Nhdr note;
    std::size_t name = 0;
    std::size_t content = 0;
    std::size_t offset = 0;
    while (data != nullptr && (offset = gelf_getnote(data, offset, &note, &name, &content)) > 0) {
        if (note.n_type != type || note.n_namesz != owner.size() + 1) continue;
        if (std::string_view(static_cast<const char*>(data->d_buf) + name, owner.size()) == owner) return true;
    }
    return false;
}

} // namespace

void ElfFile::Close::operator()(Elf* elf) const { elf_end(elf); }

Result<ElfFile> ElfFile::open(const std::filesystem::path& path) {
    elf_version(EV_CURRENT);
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return errno_error("open", path.string(), errno);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return errno_error("stat", path.string(), errno);
    ElfFile file(std::move(fd), nullptr);
    file.elf_.reset(elf_begin(file.fd_.get(), ELF_C_READ_MMAP, nullptr));
    GElf_Ehdr header;
    if (!file.elf_ || elf_kind(file.elf_.get()) != ELF_K_ELF || gelf_getehdr(file.elf_.get(), &header) == nullptr)
        return Error{path.string() + " is not an ELF file"};
    if (!complete(file.elf_.get(), static_cast<std::uint64_t>(status.st_size)))
        return Error{path.string() + " is truncated or damaged: its headers point past its end (" +
                         std::to_string(status.st_size) + " bytes)",
                     "copy or build it again"};
    return file;
}

std::uint16_t ElfFile::machine() const {
    GElf_Ehdr header;
    return gelf_getehdr(elf_.get(), &header) != nullptr ? header.e_machine : EM_NONE;
}

Elf_Scn* ElfFile::find(std::string_view name) const {
    std::size_t strings = 0;
    if (elf_getshdrstrndx(elf_.get(), &strings) != 0) return nullptr;
    for (Elf_Scn* section = elf_nextscn(elf_.get(), nullptr); section != nullptr;
         section = elf_nextscn(elf_.get(), section)) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr) continue;
        const char* found = elf_strptr(elf_.get(), strings, header.sh_name);
        if (found != nullptr && name == found) return section;
    }
    return nullptr;
}

std::optional<std::string_view> ElfFile::section(std::string_view name) const {
    Elf_Scn* found = find(name);
    const Elf_Data* data = found != nullptr ? elf_rawdata(found, nullptr) : nullptr;
    if (data == nullptr || data->d_buf == nullptr) return std::nullopt;
    return std::string_view(static_cast<const char*>(data->d_buf), data->d_size);
}

std::optional<std::uint64_t> ElfFile::section_address(std::string_view name) const {
    GElf_Shdr header;
    Elf_Scn* found = find(name);
    if (found == nullptr || gelf_getshdr(found, &header) == nullptr) return std::nullopt;
    return header.sh_addr;
}

bool ElfFile::has_note(std::string_view owner, std::uint32_t type) const {
    std::size_t segments = 0;
    if (elf_getphdrnum(elf_.get(), &segments) != 0) return false;
    for (std::size_t i = 0; i < segments; ++i) {
        GElf_Phdr header;
        if (gelf_getphdr(elf_.get(), static_cast<int>(i), &header) == nullptr || header.p_type != PT_NOTE) continue;
        Elf_Data* data =
            elf_getdata_rawchunk(elf_.get(), static_cast<std::int64_t>(header.p_offset), header.p_filesz, ELF_T_NHDR);
        if (data_has_note(data, owner, type)) return true;
    }
    return false;
}

} // namespace ktstr
