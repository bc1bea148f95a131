// SPDX-License-Identifier: GPL-2.0-only
// The file that `ktstr export` makes: a program, and behind it what it needs to run one plan on the machine where it is
// started. Its parts, without gaps:
//
//   launcher  a static ELF program (export/launcher.cpp), which finds the others in its own file
//   plan      JSON, as `ktstr plan` prints it
//   archive   newc cpio with paths below /, compressed by zstd (RFC 8878)
//   trailer   128 characters: "KTSTR.RUN.FILE.1", the three lengths as 16 hexadecimal digits each, and the SHA-256 of
//   all
//             that is before it as 64
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ktstr::bundle {

struct Bundle {
    std::string_view launcher;
    std::string_view plan;
    std::string_view archive;
};

// The same parts give the same bytes. `archive` is not compressed yet.
Result<std::string> make(std::string_view launcher, std::string_view plan, std::string_view archive);

// The parts of such a file; views into `content`. The error says that it is cut off, damaged, or none at all.
Result<Bundle> open(std::string_view content);

// Decompresses the archive piece by piece.
Result<void> unpack(std::string_view archive, const std::function<Result<void>(std::string_view)>& take);

struct Entry {
    std::string path;
    unsigned mode = 0; // with the type, as in stat(2)
    std::uint64_t bytes = 0;
};
// What is in the archive, but for directories.
Result<std::vector<Entry>> list(std::string_view archive);

} // namespace ktstr::bundle
