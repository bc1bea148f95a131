// SPDX-License-Identifier: GPL-2.0-only
// The one scenario that a command was given.
#pragma once

#include <optional>
#include <string>

#include "cli/batch.h"

namespace ktstr::cli {

// The scenario of that name, or the only one that `options` give if `name` is empty. None, and a message, if there is
// no such one, or several; the exit code is exit_usage then.
std::optional<CompiledScenario> choose_scenario(const BatchOptions& options, const std::string& name,
                                                const KernelVersions& versions);

} // namespace ktstr::cli
