// SPDX-License-Identifier: GPL-2.0-only
// Looking names up, and remembering which were used.
#pragma once

#include "interp/check/modules.h"

namespace ktstr::check {

class Names {
  public:
    explicit Names(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

    // What `name` means in `module`: its own names first, then those of the modules it uses; `std.workloads.x` by its
    // module. Null if there is none, which is not reported, or if there are two, which is.
    const Symbol* find(const Module& module, std::string_view name, Span span);

    // Reports that there is no `what` ("work type or workload") of this name, with the closest of the visible names of
    // the given kinds and of `others`. Names the module to use, if one of the standard library has it.
    void report_unknown(const Module& module, std::string_view name, Span span, std::string_view what,
                        const std::vector<std::string_view>& kinds, std::vector<std::string> others = {});

    // Notes a name that -P can give a value to.
    void note_parameter(const std::string& name) { parameters_.insert(name); }
    [[nodiscard]] const std::set<std::string>& parameters() const { return parameters_; }

    // Warns about what a file with scenarios defines or uses in vain. What stands in a branch that was not taken counts
    // as used.
    void report_unused(const Module& module);

  private:
    std::vector<const Symbol*> matches(const Module& module, std::string_view name,
                                       std::vector<const Import*>& through);

    // Notes every name that is mentioned, whether or not it was ever looked up.
    void mention(const Module& module, const std::vector<ast::Statement>& statements);
    void mention(const Module& module, const ast::Expression& expression);
    void mention(const Module& module, std::string_view name);
    void mention_exactly(const Module& module, std::string_view name);

    Diagnostics& diagnostics_;
    std::set<const Symbol*> used_;
    std::set<const ast::Statement*> used_imports_;
    std::set<std::string> parameters_;
};

} // namespace ktstr::check
