// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ktstr {

// SHA-256 (FIPS 180-4) as 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view data);
Result<std::string> sha256_file(const std::filesystem::path& path);

} // namespace ktstr
