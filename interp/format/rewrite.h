// SPDX-License-Identifier: GPL-2.0-only
// A file on disk gets its new text.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace ktstr::format {

// Replaces the text of the file that `path` leads to, at once or not at all. A link stays a link; permission bits and,
// where that is allowed, the owner stay. Errors: the file is read-only (to root too), or the disk does not take it.
Result<void> rewrite(const std::filesystem::path& path, std::string_view text);

} // namespace ktstr::format
