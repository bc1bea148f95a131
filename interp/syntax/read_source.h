// SPDX-License-Identifier: GPL-2.0-only
// Before the first pass: what a file must be so that the other passes need not ask.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "interp/diagnostics/diagnostic.h"

namespace ktstr::syntax {

constexpr std::size_t max_source_bytes = std::size_t{8} * 1024 * 1024;
constexpr std::size_t max_nesting = 64; // of brackets: it bounds the parser's recursion
constexpr std::size_t max_string_bytes = std::size_t{64} * 1024;

// Reads `path`. A file that cannot be read, is too large, not UTF-8, holds a NUL byte or is nested too deep is
// reported and comes back as null. A byte order mark is dropped.
SourcePtr read_source(const std::filesystem::path& path, std::string shown, std::string name, Diagnostics& diagnostics);

// The same checks on a text in memory.
SourcePtr check_source(std::string shown, std::string name, std::string text, Diagnostics& diagnostics);

// The Lua long strings ([[ ... ]], [=[ ... ]=]) of a text. Remembers which closing brackets come no more, so that no
// text is searched over and over for them.
class LongStrings {
  public:
    explicit LongStrings(std::string_view text) : text_(text) { none_from_.fill(std::string_view::npos); }
    // Where the one that begins at `offset` ends; `offset` if there is none.
    std::size_t end(std::size_t offset);
    // Whether one begins at `offset`, closed or not.
    [[nodiscard]] bool begins(std::size_t offset) const { return level(offset).has_value(); }

  private:
    static constexpr std::size_t max_level = 16; // of = signs
    [[nodiscard]] std::optional<std::size_t> level(std::size_t offset) const;

    std::string_view text_;
    std::array<std::size_t, max_level + 1> none_from_{}; // by level
};

} // namespace ktstr::syntax
