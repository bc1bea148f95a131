// SPDX-License-Identifier: GPL-2.0-only
// A root directory that this process and its children alone see: in memory, and gone with the last of them.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"

namespace ktstr::bundle {

// Makes a file system in memory in a mount namespace of its own, calls `fill` with its directory, adds the machine's
// /dev, /proc and /sys and the directory `kept` under the path that it has outside, and makes it the root of the
// calling process. Nothing of it shows outside, but in `kept`; no way of ending leaves anything. Needs root.
Result<void> enter_private_root(const std::filesystem::path& kept,
                                const std::function<Result<void>(const std::string& directory)>& fill);

} // namespace ktstr::bundle
