// SPDX-License-Identifier: GPL-2.0-only
// The kernel's symbols, at the addresses they are linked to (without KASLR; per-CPU ones as offsets where the kernel
// has them so, which is before 6.15).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace ktstr::observe {

class Symbols {
  public:
    // From a text of lines "ffffffff81000000 T _stext". Of several symbols of one name the first is kept.
    static Symbols parse(std::string text);
    // From `system_map` if there is one, else the symbol table of `vmlinux`, else the tables of kallsyms in it.
    static Result<Symbols> load(const std::filesystem::path& vmlinux,
                                const std::optional<std::filesystem::path>& system_map);

    [[nodiscard]] std::optional<std::uint64_t> find(std::string_view name) const;
    // "scx_bpf_error_bstr+0x1f", empty if no symbol is near.
    [[nodiscard]] std::string describe(std::uint64_t address) const;
    // A few names that are nearest to `name` in spelling, for messages.
    [[nodiscard]] std::vector<std::string> similar(std::string_view name) const;
    [[nodiscard]] std::size_t size() const { return by_name_.size(); }

  private:
    struct Place {
        std::uint64_t address;
        std::string_view name;
    };
    std::vector<char> text_; // a vector: views into it live through a move
    std::unordered_map<std::string_view, std::uint64_t> by_name_;
    std::vector<Place> by_address_;
};

} // namespace ktstr::observe
