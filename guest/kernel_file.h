// SPDX-License-Identifier: GPL-2.0-only
// The small files through which the kernel is read and told: proc, sysfs, cgroupfs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ktstr::guest {

// The whole content, without the newline at its end. Cheap enough to poll with.
Result<std::string> read_kernel_file(const std::string& path);

// Writes `value` with one write(2), which is what such files take a value by. The error names value, path and errno.
Result<void> write_kernel_file(const std::string& path, std::string_view value);

// The number after `key` in a flat keyed file (cgroup.events, memory.events); none if the key is not there.
std::optional<unsigned long long> keyed_value(std::string_view content, std::string_view key);

bool path_exists(const std::string& path);

} // namespace ktstr::guest
