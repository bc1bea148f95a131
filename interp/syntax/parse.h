// SPDX-License-Identifier: GPL-2.0-only
// Pass 1: text to tree. Never fails: what does not parse is reported and left out of the tree.
#pragma once

#include "interp/diagnostics/diagnostic.h"
#include "interp/syntax/ast.h"

namespace ktstr::syntax {

Tree parse(const SourceFile& source, Diagnostics& diagnostics);

// One expression that is the whole text, as the value of -P; none if something in it was reported.
std::optional<ast::Expression> parse_expression(const SourceFile& source, Diagnostics& diagnostics);

} // namespace ktstr::syntax
