// SPDX-License-Identifier: GPL-2.0-only
// Which parts of a statement stand in columns with those of its neighbours.
#pragma once

#include "interp/format/writer.h"

namespace ktstr::format {

// Of the statement [begin, end), which is one line. `top`: it is one of the file.
StopPlaces stops_of(const std::vector<Token>& tokens, std::uint32_t begin, std::uint32_t end, bool top);

} // namespace ktstr::format
