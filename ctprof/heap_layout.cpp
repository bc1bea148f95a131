// SPDX-License-Identifier: GPL-2.0-only
#include "ctprof/heap_layout.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/fd.h"
#include "ctprof/json_fields.h"

namespace ktstr::ctprof {

using nlohmann::json;

namespace {

constexpr std::size_t most_segments = 256;
constexpr std::size_t most_note_bytes = 64U << 10U;
constexpr std::uint64_t largest_offset = 1U << 20U; // within tsd_s: it has some KiB

bool read_at(int fd, void* out, std::size_t size, std::uint64_t offset) {
    return ::pread(fd, out, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

std::string hex_of(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes)
        for (const unsigned nibble :
             {(static_cast<unsigned char>(byte) >> 4U) & 15U, static_cast<unsigned char>(byte) & 15U})
            text += "0123456789abcdef"[nibble];
    return text;
}

// The build id among the notes of one segment; "" if it is not there.
std::string build_id_in(std::string_view notes) {
    const auto padded = [](std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; };
    while (notes.size() >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr header{};
        std::memcpy(&header, notes.data(), sizeof(header));
        notes.remove_prefix(sizeof(header));
        const std::uint64_t name_size = padded(header.n_namesz);
        if (name_size > notes.size() || padded(header.n_descsz) > notes.size() - name_size) return {};
        const auto name = notes.substr(0, header.n_namesz);
        const auto content = notes.substr(name_size, header.n_descsz);
        if (header.n_type == NT_GNU_BUILD_ID && name == std::string_view("GNU\0", 4)) return hex_of(content);
        notes.remove_prefix(name_size + padded(header.n_descsz));
    }
    return {};
}

// In the order of HeapLayout::Tls.
constexpr std::array<std::string_view, 3> tls_names = {"program", "static_slot", "dynamic_slot"};

std::optional<HeapLayout::Tls> tls_from_string(std::string_view name) {
    for (std::size_t i = 0; i < tls_names.size(); ++i)
        if (tls_names.at(i) == name) return static_cast<HeapLayout::Tls>(i);
    return std::nullopt;
}

} // namespace

std::string read_build_id(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    Elf64_Ehdr header{};
    if (!file || !read_at(file.get(), &header, sizeof(header), 0)) return {};
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > most_segments)
        return {};
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment{};
        if (!read_at(file.get(), &segment, sizeof(segment), header.e_phoff + i * sizeof(segment))) return {};
        if (segment.p_type != PT_NOTE || segment.p_filesz > most_note_bytes) continue;
        std::string notes(segment.p_filesz, '\0');
        if (!read_at(file.get(), notes.data(), notes.size(), segment.p_offset)) continue;
        if (auto id = build_id_in(notes); !id.empty()) return id;
    }
    return {};
}

HeapFinding KnownLayouts::find(const ImageFile& image) {
    if (images_.empty()) return {};
    const std::string build_id = read_build_id(image.path);
    HeapFinding found;
    for (const auto& known : images_) {
        if (known.build_id.empty() ? known.path != image.own_path : known.build_id != build_id) continue;
        found = known.finding;
        if (found.state == HeapState::read) break; // a stripped copy has the same build id, and the same layout
    }
    return found;
}

json to_json(const KnownImage& image) {
    const HeapLayout& layout = image.finding.layout;
    return {{"build_id", image.build_id},
            {"path", image.path},
            {"state", to_string(image.finding.state)},
            {"tls", tls_names.at(static_cast<std::size_t>(layout.tls))},
            {"tls_offset", layout.tls_offset},
            {"slot_address", layout.slot_address},
            {"load_offset", layout.load_offset},
            {"load_address", layout.load_address},
            {"allocated_offset", layout.allocated_offset},
            {"deallocated_offset", layout.deallocated_offset}};
}

Result<KnownImage> known_image_from_json(const json& value, const std::string& where) {
    KnownImage image;
    HeapLayout& layout = image.finding.layout;
    JsonFields fields(value, where);
    fields.text("build_id", image.build_id);
    fields.text("path", image.path);
    fields.choice("state", image.finding.state, heap_state_from_string);
    fields.choice("tls", layout.tls, tls_from_string);
    fields.integer("tls_offset", layout.tls_offset);
    fields.integer("slot_address", layout.slot_address);
    fields.integer("load_offset", layout.load_offset);
    fields.integer("load_address", layout.load_address);
    fields.integer("allocated_offset", layout.allocated_offset);
    fields.integer("deallocated_offset", layout.deallocated_offset);
    if (layout.allocated_offset > largest_offset || layout.deallocated_offset > largest_offset)
        fields.fail("has an offset that no tsd_s reaches");
    return fields.finish(std::move(image));
}

} // namespace ktstr::ctprof
