// SPDX-License-Identifier: GPL-2.0-only
// Reads a chunk of Lua 5.4 that stands in a .ktl file without running it, so that its mistakes are said before anything
// boots. For `check` blocks and for custom work loops.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ktstr::lua {

// The largest chunk: above it the parser's own time would begin to show.
constexpr std::size_t max_chunk_bytes = 64 * 1024;

struct LuaProblem {
    std::string message; // without "file:line:"; lines named inside of it are lines of the .ktl file too
    int line = 0;        // of the .ktl file
};

// `chunk_name` is the .ktl file's name as messages shall show it, `first_line` the line of that file on which the
// chunk's first byte stands (from 1). Nothing if the chunk is well formed. Precompiled chunks and chunks over
// max_chunk_bytes are problems.
std::optional<LuaProblem> parse_lua(std::string_view chunk, std::string_view chunk_name, int first_line);

} // namespace ktstr::lua
