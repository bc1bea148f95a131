// SPDX-License-Identifier: GPL-2.0-only
// The second pass of the formatter: which tokens share a line. It looks at tokens, and at three things of the author's
// layout, all of which its own output shows again: a line end behind an opening bracket, blank lines, and where
// comments stand. So formatting twice changes nothing.
#pragma once

#include "interp/format/writer.h"

namespace ktstr::format {

constexpr std::uint32_t line_width = 100; // characters
constexpr std::uint32_t indentation = 2;
constexpr std::uint32_t continuation = 4; // of a statement in further lines

Lines lay_out(const TokenStream& stream);

} // namespace ktstr::format
