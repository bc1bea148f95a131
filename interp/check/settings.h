// SPDX-License-Identifier: GPL-2.0-only
// Settings of a block: each at most once.
#pragma once

#include "interp/diagnostics/diagnostic.h"
#include "interp/syntax/ast.h"

namespace ktstr::check {

class Settings {
  public:
    // Reports every setting that is given twice; the first one counts.
    Settings(const std::vector<ast::Setting>& settings, Diagnostics& diagnostics);
    // The first value of the setting; null if it is not given.
    [[nodiscard]] const ast::Expression* value(syntax::Kind kind) const;
    [[nodiscard]] const ast::Setting* find(syntax::Kind kind) const;

  private:
    const std::vector<ast::Setting>& settings_;
};

} // namespace ktstr::check
