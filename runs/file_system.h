// SPDX-License-Identifier: GPL-2.0-only
// Whether records can be kept on a file system.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace ktstr::runs {

// An error if `path`, or the nearest directory above it that exists, lies on a network file system: advisory locks and
// renames do not hold there for all that write.
Result<void> check_file_system(const std::filesystem::path& path);

} // namespace ktstr::runs
