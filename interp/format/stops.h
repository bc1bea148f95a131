// SPDX-License-Identifier: GPL-2.0-only
// Which parts of a statement stand in columns with those of its neighbours.
#pragma once

#include "interp/format/writer.h"

namespace ktstr::format {

// Of the statement [begin, end). `one_line`: it is not broken; `top`: it is one of the file.
StopPlaces stops_of(const std::vector<Token>& tokens, std::uint32_t begin, std::uint32_t end, bool one_line, bool top);

} // namespace ktstr::format
