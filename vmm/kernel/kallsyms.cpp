// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/kernel/kallsyms.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

namespace ktstr {

// The tables stand in .rodata one after the other (scripts/kallsyms.c, write_src(), 6.4 and later), each aligned to 8
// until 6.19 and to 4 from 7.0 on:
//
//   num_syms      u32
//   names         per symbol: length (ULEB128, one or two bytes), then that many token numbers
//   markers       u32 per 256 symbols: the offset of its name in `names`
//   token_table   256 strings, zero-terminated; a printable character that names use stands for itself
//   token_index   u16 per token: its offset in token_table
//   offsets       s32 per symbol: where it is, in one of three ways (addresses_at())
//   relative_base u64, until 6.19
//
// Without a symbol table their places are found from the token table, whose digits stand for themselves, and everything
// found is checked against its neighbours.
namespace {

constexpr std::size_t tokens = 256;
constexpr std::size_t symbols_per_marker = 256;
constexpr std::size_t longest_name = 1024; // KSYM_NAME_LEN is 512; so is no token longer
constexpr std::array<std::size_t, 2> alignments = {4, 8};
constexpr std::size_t smallest_alignment = 4;
constexpr std::size_t largest_alignment = 8;
constexpr std::size_t longest_marker_run = 1U << 20U; // bytes that 256 names can take, generously
constexpr std::uint64_t lowest_kernel_address = 0xffffffff80000000ULL;

template <typename Number> std::optional<Number> read_at(std::string_view bytes, std::size_t offset) {
    if (offset > bytes.size() || sizeof(Number) > bytes.size() - offset) return std::nullopt;
    Number value{};
    std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
}

std::size_t aligned(std::size_t offset, std::size_t alignment) {
    return (offset + alignment - 1) / alignment * alignment;
}

struct TokenTable {
    std::size_t start = 0;
    std::size_t end_of_index = 0;
    std::array<std::string_view, tokens> text;
};

// The start of the string whose terminating zero stands at `end`; none: it is longer than a token can be.
std::optional<std::size_t> string_start(std::string_view bytes, std::size_t end) {
    const std::size_t first = end - std::min(end, longest_name);
    const auto zero = bytes.substr(first, end - first).rfind('\0');
    if (zero != std::string_view::npos) return first + zero + 1;
    return first == 0 ? std::optional<std::size_t>(0) : std::nullopt;
}

// The token table in which the token '0' stands at `digit`, if it is one.
std::optional<TokenTable> token_table_around(std::string_view bytes, std::size_t digit) {
    std::size_t start = digit;
    for (unsigned token = 0; token < '0'; ++token) {
        if (start == 0) return std::nullopt;
        const auto before = string_start(bytes, start - 1);
        if (!before) return std::nullopt;
        start = *before;
    }
    if (start % smallest_alignment != 0) return std::nullopt;
    TokenTable table;
    table.start = start;
    std::size_t at = start;
    std::array<std::size_t, tokens> offsets{};
    for (std::size_t token = 0; token < tokens; ++token) {
        const auto length = bytes.substr(std::min(at, bytes.size()), longest_name).find('\0');
        if (length == std::string_view::npos) return std::nullopt;
        offsets.at(token) = at - start;
        table.text.at(token) = bytes.substr(at, length);
        at += length + 1;
    }
    for (const auto alignment : alignments) {
        std::size_t index = aligned(at, alignment);
        const bool matches = std::all_of(offsets.begin(), offsets.end(), [&](std::size_t offset) {
            const auto value = read_at<std::uint16_t>(bytes, index);
            index += sizeof(std::uint16_t);
            return value == offset;
        });
        table.end_of_index = index;
        if (matches) return table;
    }
    return std::nullopt;
}

std::optional<TokenTable> find_token_table(std::string_view bytes) {
    constexpr std::string_view digits("0\0001\0002\0003\0004\0005\0006\0007\0008\0009\000", 20);
    for (auto at = bytes.find(digits); at != std::string_view::npos; at = bytes.find(digits, at + 1))
        if (auto table = token_table_around(bytes, at)) return table;
    return std::nullopt;
}

struct Markers {
    std::size_t start = 0;
    std::vector<std::uint32_t> offsets;
};

// The markers end right before the token table; they grow from zero.
std::optional<Markers> find_markers(std::string_view bytes, std::size_t end) {
    std::size_t at = end;
    auto previous = [&]() -> std::optional<std::uint32_t> {
        if (at < sizeof(std::uint32_t)) return std::nullopt;
        at -= sizeof(std::uint32_t);
        return read_at<std::uint32_t>(bytes, at);
    };
    auto value = previous();
    if (value && *value == 0) value = previous(); // padding
    Markers markers;
    for (; value && *value != 0; value = previous()) {
        if (!markers.offsets.empty() && *value >= markers.offsets.back()) return std::nullopt;
        markers.offsets.push_back(*value);
    }
    if (!value || at % smallest_alignment != 0) return std::nullopt;
    markers.offsets.push_back(0);
    std::reverse(markers.offsets.begin(), markers.offsets.end());
    markers.start = at;
    return markers;
}

// The compressed names from `start`, if there are exactly `count` up to `markers`, and where the markers say.
std::optional<std::vector<std::string_view>> names_at(std::string_view bytes, std::size_t start, std::uint32_t count,
                                                      const Markers& markers) {
    std::vector<std::string_view> names;
    names.reserve(count);
    std::size_t at = start;
    for (std::uint32_t i = 0; i < count; ++i) {
        if (i % symbols_per_marker == 0 && at - start != markers.offsets.at(i / symbols_per_marker))
            return std::nullopt;
        const auto first = read_at<std::uint8_t>(bytes, at++);
        if (!first) return std::nullopt;
        std::size_t length = *first;
        if (length > 0x7f) {
            const auto second = read_at<std::uint8_t>(bytes, at++);
            if (!second) return std::nullopt;
            length = (length & 0x7fU) | static_cast<std::size_t>(*second) << 7U;
        }
        if (length == 0 || length > markers.start - std::min(at, markers.start)) return std::nullopt;
        names.push_back(bytes.substr(at, length));
        at += length;
    }
    if (at > markers.start || markers.start - at >= largest_alignment) return std::nullopt;
    return names;
}

std::optional<std::vector<std::string_view>> find_names(std::string_view bytes, const Markers& markers) {
    if (markers.start < markers.offsets.back() + largest_alignment) return std::nullopt;
    const std::size_t last = (markers.start - markers.offsets.back()) / smallest_alignment * smallest_alignment;
    for (std::size_t start = last; start >= largest_alignment && last - start < longest_marker_run;
         start -= smallest_alignment) {
        for (const auto alignment : alignments) {
            const auto count = read_at<std::uint32_t>(bytes, start - alignment);
            if (!count || (*count + symbols_per_marker - 1) / symbols_per_marker != markers.offsets.size()) continue;
            if (auto names = names_at(bytes, start, *count, markers)) return names;
        }
    }
    return std::nullopt;
}

// What one offset means:
//   - 7.0 on, no relative_base: from the place of the offset itself (kernel/kallsyms.c, offset_to_ptr());
//   - 6.15 to 6.19: from relative_base;
//   - until 6.14: -1 - offset from relative_base, and what is not negative is an absolute (per-CPU) address.
enum class OffsetKind { from_place, from_base, absolute_or_from_base };

// The addresses of `count` symbols whose offsets stand at `at` in .rodata, which is linked to `rodata_address`.
std::optional<std::vector<std::uint64_t>> addresses_at(std::string_view bytes, std::size_t at, std::size_t count,
                                                       std::uint64_t rodata_address) {
    std::vector<std::int32_t> offsets(count);
    const std::size_t size = count * sizeof(std::int32_t);
    if (at > bytes.size() || size > bytes.size() - at) return std::nullopt;
    std::memcpy(offsets.data(), bytes.data() + at, size);
    const auto base = read_at<std::uint64_t>(bytes, aligned(at + size, largest_alignment)).value_or(0);
    OffsetKind kind = OffsetKind::from_base;
    if (base < lowest_kernel_address)
        kind = OffsetKind::from_place;
    else if (std::any_of(offsets.begin(), offsets.end(), [](std::int32_t value) { return value < 0; }))
        kind = OffsetKind::absolute_or_from_base;
    std::vector<std::uint64_t> addresses;
    addresses.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::int64_t offset = offsets[i];
        if (kind == OffsetKind::from_place)
            addresses.push_back(rodata_address + at + i * sizeof(std::int32_t) + static_cast<std::uint64_t>(offset));
        else if (kind == OffsetKind::from_base)
            addresses.push_back(base + static_cast<std::uint32_t>(offset));
        else
            addresses.push_back(static_cast<std::uint64_t>(offset >= 0 ? offset : -1 - offset) +
                                (offset >= 0 ? 0 : base));
    }
    return addresses;
}

} // namespace

std::optional<std::string> system_map_from_rodata(std::string_view rodata, std::uint64_t linked_to) {
    const auto table = find_token_table(rodata);
    if (!table) return std::nullopt;
    const auto markers = find_markers(rodata, table->start);
    if (!markers) return std::nullopt;
    const auto names = find_names(rodata, *markers);
    if (!names) return std::nullopt;
    const auto addresses = addresses_at(rodata, table->end_of_index, names->size(), linked_to);
    if (!addresses) return std::nullopt;
    std::string map;
    for (std::size_t i = 0; i < names->size(); ++i) {
        std::string name; // its first character is the type
        for (const char token : (*names)[i]) {
            name += table->text.at(static_cast<unsigned char>(token));
            if (name.size() > longest_name) return std::nullopt;
        }
        if (name.empty()) return std::nullopt;
        char address[20];
        std::snprintf(address, sizeof(address), "%016llx ", static_cast<unsigned long long>((*addresses)[i]));
        map += address;
        map += name[0];
        map += ' ';
        map += name.substr(1) + "\n";
    }
    return map;
}

std::optional<std::string> system_map_from_kallsyms(const ElfFile& vmlinux) {
    const auto rodata = vmlinux.section(".rodata");
    return rodata ? system_map_from_rodata(*rodata, *vmlinux.section_address(".rodata")) : std::nullopt;
}

} // namespace ktstr
