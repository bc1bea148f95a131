// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <span>

namespace ktstr::scx {

// scx_ktstr.bpf.o, the compiled scheduler, which this program carries in itself.
std::span<const char> object_bytes();

} // namespace ktstr::scx
