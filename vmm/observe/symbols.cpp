// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/symbols.h"

#include <elf.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/file.h"
#include "vmm/kernel/elf_file.h"
#include "vmm/kernel/kallsyms.h"
#include "vmm/observe/memory.h"

namespace ktstr::observe {

namespace {

constexpr std::size_t map_limit = 64U << 20U;
constexpr std::uint64_t nearby = 1U << 20U; // no function is longer
constexpr std::size_t most_similar = 5;

// The symbol table as lines of a System.map: one way to read both.
std::string map_of_table(std::string_view table, std::string_view names) {
    std::string text;
    for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= table.size(); at += sizeof(Elf64_Sym)) {
        Elf64_Sym symbol{};
        std::memcpy(&symbol, table.data() + at, sizeof(symbol));
        const unsigned type = ELF64_ST_TYPE(symbol.st_info);
        if (symbol.st_name >= names.size() || symbol.st_shndx == SHN_UNDEF || type == STT_FILE || type == STT_SECTION)
            continue;
        const std::string_view name = names.substr(symbol.st_name);
        const auto end = name.find('\0');
        if (end == 0 || end == std::string_view::npos) continue;
        text += hex(symbol.st_value).substr(2) + (type == STT_FUNC ? " t " : " d ");
        text += name.substr(0, end);
        text += '\n';
    }
    return text;
}

} // namespace

Symbols Symbols::parse(std::string text) {
    Symbols symbols;
    symbols.text_.assign(text.begin(), text.end());
    std::string_view rest(symbols.text_.data(), symbols.text_.size());
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        std::uint64_t address = 0;
        const auto parsed = std::from_chars(line.data(), line.data() + line.size(), address, 16);
        const auto at = static_cast<std::size_t>(parsed.ptr - line.data());
        if (parsed.ec != std::errc{} || at + 3 >= line.size() || line[at] != ' ' || line[at + 2] != ' ') continue;
        const std::string_view name = line.substr(at + 3);
        symbols.by_name_.emplace(name, address);
        if ((line[at + 1] | 0x20) == 't') symbols.by_address_.push_back({address, name});
    }
    std::sort(symbols.by_address_.begin(), symbols.by_address_.end(),
              [](const Place& a, const Place& b) { return a.address < b.address; });
    return symbols;
}

Result<Symbols> Symbols::load(const std::filesystem::path& vmlinux,
                              const std::optional<std::filesystem::path>& system_map) {
    std::string text;
    if (system_map) {
        auto read = read_file(*system_map, map_limit);
        if (!read) return read.error();
        text = std::move(*read);
    } else {
        const auto elf = ElfFile::open(vmlinux);
        if (!elf) return elf.error();
        const auto table = elf->section(".symtab");
        const auto names = elf->section(".strtab");
        if (table && names) text = map_of_table(*table, *names);
        if (text.empty()) text = system_map_from_kallsyms(*elf).value_or("");
    }
    Symbols symbols = parse(std::move(text));
    if (symbols.size() == 0)
        return Error{"the kernel " + vmlinux.string() + " has no symbols that could be read",
                     "observation needs a symbol table, a System.map beside the image, or CONFIG_KALLSYMS"};
    return symbols;
}

std::optional<std::uint64_t> Symbols::find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

std::string Symbols::describe(std::uint64_t address) const {
    auto after = std::upper_bound(by_address_.begin(), by_address_.end(), address,
                                  [](std::uint64_t value, const Place& place) { return value < place.address; });
    if (after == by_address_.begin()) return {};
    const Place& place = *--after;
    if (address - place.address > nearby) return {};
    return std::string(place.name) + "+" + hex(address - place.address);
}

std::vector<std::string> Symbols::similar(std::string_view name) const {
    std::vector<std::string> found;
    for (const auto& entry : by_name_)
        if (entry.first.find(name) != std::string_view::npos) found.emplace_back(entry.first);
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.size() != b.size() ? a.size() < b.size() : a < b; });
    found.resize(std::min(found.size(), most_similar));
    return found;
}

} // namespace ktstr::observe
