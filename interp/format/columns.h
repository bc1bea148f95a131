// SPDX-License-Identifier: GPL-2.0-only
// The third pass of the formatter: the columns of neighbouring lines.
#pragma once

#include <string>

#include "interp/format/writer.h"

namespace ktstr::format {

std::string align(const Lines& lines);

} // namespace ktstr::format
