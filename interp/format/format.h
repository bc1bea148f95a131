// SPDX-License-Identifier: GPL-2.0-only
// The one layout of .ktl files; docs/format.md says what it is. The passes, one file each:
//
//   tokens    source and syntax tree, to tokens and comments; the author's line ends that count
//   layout    tokens, to lines: what stands on one line, what is broken
//   columns   lines, to text: columns of neighbouring lines
#pragma once

#include <optional>
#include <string>

#include "interp/diagnostics/diagnostic.h"

namespace ktstr::format {

// The text of `source` in its canonical layout: the same tokens (but for commas before a closing bracket) and the same
// comments in the same order. Nothing if it has syntax errors: those are in `diagnostics`.
std::optional<std::string> format(const SourceFile& source, Diagnostics& diagnostics);

} // namespace ktstr::format
