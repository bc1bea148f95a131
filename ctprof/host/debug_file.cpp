// SPDX-License-Identifier: GPL-2.0-only
#include "ctprof/host/debug_file.h"

#include <elfutils/libdwelf.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <vector>

#include "base/file.h"
#include "ctprof/heap_layout.h"

namespace ktstr::ctprof {

namespace fs = std::filesystem;

namespace {

// CRC-32 of IEEE 802.3, as .gnu_debuglink has it.
std::uint32_t crc32(std::string_view bytes) {
    static const auto table = [] {
        std::array<std::uint32_t, 256> made{};
        for (std::uint32_t i = 0; i < made.size(); ++i) {
            std::uint32_t value = i;
            for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? 0xedb88320U : 0U);
            made.at(i) = value;
        }
        return made;
    }();
    std::uint32_t crc = ~0U;
    for (const char byte : bytes) crc = table.at((crc ^ static_cast<unsigned char>(byte)) & 0xffU) ^ (crc >> 8U);
    return ~crc;
}

} // namespace

std::optional<std::string> find_debug_file(const std::string& path, Elf* elf, const std::string& root) {
    const std::string build_id = read_build_id(path);
    if (build_id.size() > 2) {
        const std::string file = root + "/.build-id/" + build_id.substr(0, 2) + "/" + build_id.substr(2) + ".debug";
        if (::access(file.c_str(), R_OK) == 0) return file;
    }
    GElf_Word checksum = 0;
    const char* name = dwelf_elf_gnu_debuglink(elf, &checksum);
    if (name == nullptr) return std::nullopt;
    std::error_code code;
    const fs::path real = fs::weakly_canonical(path, code);
    const fs::path folder = real.parent_path();
    for (const fs::path& file : {folder / name, folder / ".debug" / name, fs::path(root + folder.string()) / name}) {
        if (file == real || ::access(file.c_str(), R_OK) != 0) continue;
        const auto content = read_file(file);
        if (content && crc32(*content) == checksum) return file.string();
    }
    return std::nullopt;
}

} // namespace ktstr::ctprof
