// SPDX-License-Identifier: GPL-2.0-only
// The .ktl files that a command line means.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"

namespace ktstr::syntax {

// Files as they are, and all .ktl files below folders (sorted; hidden ones are left out; links to folders are not
// followed; a file met twice counts once). Errors: a path does not exist, or a folder holds no .ktl file.
Result<std::vector<std::filesystem::path>> find_files(const std::vector<std::filesystem::path>& paths);

} // namespace ktstr::syntax
