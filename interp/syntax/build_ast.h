// SPDX-License-Identifier: GPL-2.0-only
// Pass 2: tree to abstract syntax tree. Reports string escapes that do not exist; everything else was seen by pass 1.
#pragma once

#include "interp/diagnostics/diagnostic.h"
#include "interp/syntax/ast.h"

namespace ktstr::syntax {

// The statements of a file.
std::vector<ast::Statement> build_ast(const Tree& tree, const SourceFile& source, Diagnostics& diagnostics);

} // namespace ktstr::syntax
