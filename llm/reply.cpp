// SPDX-License-Identifier: GPL-2.0-only
#include "llm/reply.h"

namespace ktstr::llm {

std::string quoted_line(std::string_view text) {
    constexpr std::size_t most = 200;
    std::string line;
    for (const char c : text.substr(0, most)) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    return text.size() > most ? line + "..." : line;
}

} // namespace ktstr::llm
