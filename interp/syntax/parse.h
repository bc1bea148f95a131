// SPDX-License-Identifier: GPL-2.0-only
// Pass 1: text to tree. Never fails: what does not parse is reported and left out of the tree.
#pragma once

#include "interp/diagnostics/diagnostic.h"
#include "interp/syntax/tree.h"

namespace ktstr::syntax {

Tree parse(const SourceFile& source, Diagnostics& diagnostics);

} // namespace ktstr::syntax
