// SPDX-License-Identifier: GPL-2.0-only
#include "made_kernel.h"

#include <archive.h>
#include <archive_entry.h>
#include <bpf/btf.h>
#include <elf.h>

#include <catch2/catch_test_macros.hpp>
#include <cstring>

namespace ktstr::made {

namespace {

template <typename Value> void append(std::string& bytes, const Value& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <typename Value> void put(std::string& bytes, std::size_t offset, const Value& value) {
    std::memcpy(bytes.data() + offset, &value, sizeof(value));
}

std::string pvh_note() {
    std::string note;
    append(note, Elf64_Nhdr{4, 8, 18}); // "Xen", XEN_ELFNOTE_PHYS32_ENTRY
    note += std::string("Xen\0", 4);
    append(note, std::uint64_t{0x1000000});
    return note;
}

} // namespace

std::string vmlinux(const VmlinuxOptions& options) {
    std::vector<Section> sections = options.sections;
    sections.insert(sections.begin(), {".banner", options.banner + std::string(1, '\0')});
    sections.insert(sections.begin(), {".notes", options.pvh ? pvh_note() : std::string()});
    std::string names(1, '\0');
    std::vector<Elf64_Shdr> headers(1);
    std::string bytes(sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr), '\0');
    auto add = [&](std::string_view content, std::uint32_t type, std::uint64_t address) {
        bytes.resize((bytes.size() + 15) / 16 * 16);
        Elf64_Shdr header{};
        header.sh_name = static_cast<Elf64_Word>(names.size());
        header.sh_type = type;
        header.sh_addr = address;
        header.sh_offset = bytes.size();
        header.sh_size = content.size();
        header.sh_addralign = 16;
        headers.push_back(header);
        bytes += content;
    };
    for (const auto& section : sections) {
        add(section.content, section.name == ".notes" ? SHT_NOTE : SHT_PROGBITS, section.address);
        names += section.name + std::string(1, '\0');
    }
    const std::string own = ".shstrtab";
    add(names + own + std::string(1, '\0'), SHT_STRTAB, 0);
    bytes.resize((bytes.size() + 15) / 16 * 16);

    Elf64_Ehdr elf{};
    std::memcpy(elf.e_ident, ELFMAG, SELFMAG);
    elf.e_ident[EI_CLASS] = ELFCLASS64;
    elf.e_ident[EI_DATA] = ELFDATA2LSB;
    elf.e_ident[EI_VERSION] = EV_CURRENT;
    elf.e_type = ET_EXEC;
    elf.e_machine = options.machine;
    elf.e_version = EV_CURRENT;
    elf.e_ehsize = sizeof(Elf64_Ehdr);
    elf.e_phoff = sizeof(Elf64_Ehdr);
    elf.e_phentsize = sizeof(Elf64_Phdr);
    elf.e_phnum = 1;
    elf.e_shoff = bytes.size();
    elf.e_shentsize = sizeof(Elf64_Shdr);
    elf.e_shnum = static_cast<Elf64_Half>(headers.size());
    elf.e_shstrndx = static_cast<Elf64_Half>(headers.size() - 1);
    put(bytes, 0, elf);
    Elf64_Phdr note{};
    note.p_type = PT_NOTE;
    note.p_offset = headers[1].sh_offset;
    note.p_filesz = headers[1].sh_size;
    note.p_align = 4;
    put(bytes, sizeof(Elf64_Ehdr), note);
    for (const auto& header : headers) append(bytes, header);
    return bytes;
}

std::string bzimage(std::string_view payload, std::size_t unpacked_size, const std::string& release) {
    constexpr std::size_t setup = 1024; // one sector and setup_sects = 1
    std::string bytes(setup, '\0');
    put(bytes, 0x1f1, std::uint8_t{1});
    put(bytes, 0x1fe, std::uint16_t{0xaa55});
    put(bytes, 0x202, std::uint32_t{0x53726448}); // "HdrS"
    put(bytes, 0x206, std::uint16_t{0x20f});
    put(bytes, 0x20e, std::uint16_t{0x100}); // the version is at 0x300
    std::memcpy(bytes.data() + 0x300, (release + " (made@here) #1").c_str(), release.size() + 16);
    put(bytes, 0x236, std::uint16_t{1}); // XLF_KERNEL_64
    constexpr std::uint32_t payload_offset = 64;
    put(bytes, 0x248, payload_offset);
    put(bytes, 0x24c, static_cast<std::uint32_t>(payload.size() + 4));
    bytes.resize(setup + payload_offset);
    bytes += payload;
    append(bytes, static_cast<std::uint32_t>(unpacked_size));
    bytes.resize((bytes.size() + 15) / 16 * 16);
    put(bytes, 0x1f4, static_cast<std::uint32_t>((bytes.size() - setup) / 16));
    return bytes;
}

std::string compressed(const std::string& content, const std::string& filter) {
    std::string packed(content.size() + 65536, '\0');
    std::size_t used = 0;
    archive* writer = archive_write_new();
    REQUIRE(archive_write_set_format_raw(writer) == ARCHIVE_OK);
    REQUIRE(archive_write_add_filter_by_name(writer, filter.c_str()) == ARCHIVE_OK);
    archive_write_set_bytes_in_last_block(writer, 1);
    REQUIRE(archive_write_open_memory(writer, packed.data(), packed.size(), &used) == ARCHIVE_OK);
    archive_entry* entry = archive_entry_new();
    archive_entry_set_filetype(entry, AE_IFREG);
    REQUIRE(archive_write_header(writer, entry) == ARCHIVE_OK);
    REQUIRE(archive_write_data(writer, content.data(), content.size()) == static_cast<la_ssize_t>(content.size()));
    REQUIRE(archive_write_close(writer) == ARCHIVE_OK);
    archive_entry_free(entry);
    archive_write_free(writer);
    packed.resize(used);
    return packed;
}

std::string lz4_legacy(std::string_view content) {
    // One block: a token that says "literals, 15 or more", the rest of their number in steps of 255, the literals.
    std::string block(1, '\xf0');
    std::size_t left = content.size() - 15;
    for (; left >= 255; left -= 255) block += '\xff';
    block += static_cast<char>(left);
    block += content;
    std::string frame("\x02\x21\x4c\x18", 4);
    append(frame, static_cast<std::uint32_t>(block.size()));
    return frame + block;
}

Btf btf(const std::vector<Kfunc>& kfuncs, bool sched_ext) {
    ::btf* types = btf__new_empty();
    REQUIRE(types != nullptr);
    const int number = btf__add_int(types, "unsigned long long", 8, 0);
    if (sched_ext) {
        btf__add_struct(types, "sched_ext_ops", 8);
        btf__add_field(types, "flags", number, 0, 0);
        const int ops = static_cast<int>(btf__type_cnt(types)) - 1;
        btf__add_struct(types, "bpf_struct_ops_sched_ext_ops", 8);
        btf__add_field(types, "data", ops, 0, 0);
    }
    std::string ids;
    for (const auto& kfunc : kfuncs) {
        const int prototype = btf__add_func_proto(types, 0);
        for (const auto& parameter : kfunc.parameters) btf__add_func_param(types, parameter.c_str(), number);
        const int function = btf__add_func(types, kfunc.name.c_str(), BTF_FUNC_STATIC, prototype);
        REQUIRE(function > 0);
        if (kfunc.tagged) btf__add_decl_tag(types, "bpf_kfunc", function, -1);
        if (!kfunc.registered) continue;
        append(ids, static_cast<std::uint32_t>(function));
        append(ids, kfunc.flags);
    }
    std::uint32_t size = 0;
    const void* raw = btf__raw_data(types, &size);
    Btf made{std::string(static_cast<const char*>(raw), size), ids};
    btf__free(types);
    return made;
}

std::vector<Kfunc> needed_kfuncs() {
    return {{"scx_bpf_create_dsq", {"dsq_id", "node"}},
            {"scx_bpf_dsq_insert", {"p", "dsq_id", "slice", "enq_flags"}},
            {"scx_bpf_dsq_insert_vtime", {"p", "dsq_id", "slice", "vtime", "enq_flags"}},
            {"scx_bpf_dsq_move_to_local", {"dsq_id"}},
            {"scx_bpf_select_cpu_dfl", {"p", "prev_cpu", "wake_flags", "is_idle"}},
            {"scx_bpf_kick_cpu", {"cpu", "flags"}},
            {"scx_bpf_dsq_nr_queued", {"dsq_id"}},
            {"scx_bpf_error_bstr", {"fmt", "data", "data__sz"}},
            {"scx_bpf_exit_bstr", {"exit_code", "fmt", "data", "data__sz"}}};
}

} // namespace ktstr::made
