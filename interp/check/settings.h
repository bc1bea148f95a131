// SPDX-License-Identifier: GPL-2.0-only
// Settings of a block: each at most once.
#pragma once

#include <map>

#include "interp/diagnostics/diagnostic.h"
#include "interp/syntax/ast.h"

namespace ktstr::check {

class Once {
  public:
    explicit Once(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}
    // Whether no setting of this kind came before; a second one is reported, and does not count.
    bool first(const ast::Statement& setting);

  private:
    Diagnostics& diagnostics_;
    std::map<syntax::Kind, Span> given_;
};

} // namespace ktstr::check
