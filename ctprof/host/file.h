// SPDX-License-Identifier: GPL-2.0-only
// Captures in files: the document of ctprof/document.h, compressed by zstd. Files are named *.ctprof.zst.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ctprof/capture.h"

namespace ktstr::ctprof {

inline constexpr std::string_view file_suffix = ".ctprof.zst";

// Staged and renamed: after a kill or a full disk the old file is there, or the new one.
Result<void> write_capture(const std::filesystem::path& path, const Capture& capture);
// Refuses what is foreign, cut off, of a later version, or unpacks to more than largest_document. The error names the
// file.
Result<Capture> read_capture(const std::filesystem::path& path);

Result<std::string> compress(std::string_view bytes);
// One whole frame of zstd and nothing behind it, of at most `limit` bytes.
Result<std::string> decompress(std::string_view bytes, std::size_t limit);

} // namespace ktstr::ctprof
