// SPDX-License-Identifier: GPL-2.0-only
// The digest of a model's file. It is computed once for each state of the file and kept on disk: models have gigabytes.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace ktstr::llm {

// SHA-256 as hexadecimal digits. Kept in `digests`, which is made if need be, by the file's path, device, inode, size
// and time of change; what is kept there is taken only if all of these are still the same.
Result<std::string> digest_of_model(const std::filesystem::path& file, const std::filesystem::path& digests,
                                    int cancel_fd);

inline constexpr const char* digest_cancelled = "cancelled"; // the message of the error

// Whether the text is 64 hexadecimal digits.
bool is_digest(std::string_view text);

} // namespace ktstr::llm
