// SPDX-License-Identifier: GPL-2.0-only
#include "interp/lua/parse.h"

#include <algorithm>

#include "interp/lua/state.h"

namespace ktstr::lua {

namespace {

constexpr std::size_t parser_memory = std::size_t{64} << 20U;

} // namespace

std::optional<LuaProblem> parse_lua(std::string_view chunk, std::string_view chunk_name, int first_line) {
    first_line = std::max(first_line, 1);
    if (chunk.size() > max_chunk_bytes)
        return LuaProblem{"the Lua is " + std::to_string(chunk.size()) + " bytes long; the most is " +
                              std::to_string(max_chunk_bytes),
                          first_line};
    if (chunk.starts_with(LUA_SIGNATURE[0]))
        return LuaProblem{"this is precompiled Lua; only its source is taken", first_line};
    Memory memory(parser_memory, nullptr);
    const State state(memory);
    if (state.get() == nullptr) return LuaProblem{"there is no memory to read the Lua with", first_line};
    if (load_chunk(state.get(), chunk, chunk_name, first_line) == LUA_OK) return std::nullopt;
    auto message = split_position(state.get(), chunk_name, -1);
    return LuaProblem{std::move(message.text), message.line > 0 ? message.line : first_line};
}

} // namespace ktstr::lua
