// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

namespace ktstr::vmm {

// The content of an ELF program without what nothing but tools reads: the bytes behind its last segment, debug
// information above all, and the section headers. What is no 64-bit ELF program, or has a segment that is not in the
// file, comes back as it is.
std::string without_debug(std::string program);

} // namespace ktstr::vmm
