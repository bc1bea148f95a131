// SPDX-License-Identifier: GPL-2.0-only
// Before the first pass: what a file must be so that the other passes need not ask.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "interp/diagnostics/diagnostic.h"

namespace ktstr::syntax {

constexpr std::size_t max_source_bytes = std::size_t{8} * 1024 * 1024;
constexpr std::size_t max_nesting = 64; // of brackets: it bounds the parser's recursion

// Reads `path`. A file that cannot be read, is too large, not UTF-8, holds a NUL byte or is nested too deep is
// reported and comes back as null. A byte order mark is dropped.
SourcePtr read_source(const std::filesystem::path& path, std::string shown, std::string name, Diagnostics& diagnostics);

// The same checks on a text in memory.
SourcePtr check_source(std::string shown, std::string name, std::string text, Diagnostics& diagnostics);

// Length of the Lua long string ([[ ... ]], [=[ ... ]=]) that `text` begins with; 0 if it begins with none.
std::size_t long_string_length(std::string_view text);

} // namespace ktstr::syntax
