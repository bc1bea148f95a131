// SPDX-License-Identifier: GPL-2.0-only
// Plan files: scenarios that were compiled before, by `ktstr plan` or another front end.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "interp/compile/compile.h"

namespace ktstr::cli {

bool is_plan_file(const std::filesystem::path& path); // by its name: it ends in .json

Result<std::vector<CompiledScenario>> read_plan_file(const std::filesystem::path& path);

// "a.ktl:3:5: error: ...", with the hint on a line of its own.
std::string refusal(const CompiledScenario& scenario, const plan::SourcePosition& source, const Error& error);

// Something that a scenario asks for and this version of ktstr does not do.
struct NotYet {
    std::string file;
    int line = 0; // 0: not known
    int column = 0;
    std::string where;   // "a.ktl:3:5"
    std::string message; // "this version of ktstr cannot do it yet: op `watch`"
};
std::vector<NotYet> not_yet(const CompiledScenario& scenario);

// Prints everything that the scenarios ask for and this version of ktstr does not do. True if there is nothing.
bool can_run_or_explain(const std::vector<const CompiledScenario*>& scenarios);

} // namespace ktstr::cli
