// SPDX-License-Identifier: GPL-2.0-only
// What the manual page and the end of `ktstr --help` say beside the commands.
#pragma once

#include <string>
#include <vector>

#include "cli/command_tree.h"

namespace ktstr::cli {

const std::vector<ManualNote>& manual_notes();

// Exit codes and environment, for the end of --help.
std::string help_footer();

} // namespace ktstr::cli
