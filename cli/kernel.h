// SPDX-License-Identifier: GPL-2.0-only
// `ktstr kernel build|fetch|list|info|clean`.
#pragma once

#include <CLI/CLI.hpp>

namespace ktstr {

void add_kernel_command(CLI::App& app, int& exit_code);

} // namespace ktstr
