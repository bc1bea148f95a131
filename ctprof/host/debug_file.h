// SPDX-License-Identifier: GPL-2.0-only
// Debug information that distributions keep in files of its own.
#pragma once

#include <libelf.h>

#include <optional>
#include <string>

namespace ktstr::ctprof {

// The debug file of the image at `path`: by its build id, /usr/lib/debug/.build-id/ab/cdef.debug, or by .gnu_debuglink,
// in the image's folder, in .debug in there, and in that folder below /usr/lib/debug (GDB's manual, "Separate Debug
// Files"). One by name must have the checksum that the link says. Nothing is downloaded, which elfutils would do.
// `root` stands for /usr/lib/debug.
std::optional<std::string> find_debug_file(const std::string& path, Elf* elf,
                                           const std::string& root = "/usr/lib/debug");

} // namespace ktstr::ctprof
