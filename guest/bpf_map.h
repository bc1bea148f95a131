// SPDX-License-Identifier: GPL-2.0-only
// The kernel's BPF maps, by bpf(2) alone: the executor has no libbpf.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace ktstr::guest {

// Pins the youngest map of that name at /sys/fs/bpf/<name>, which is where libbpf looks for maps that are pinned by
// name; it lives on when the program that made it ends. What was pinned there is let go. The kernel keeps the first 15
// characters of a map's name, and so many are compared. Returns the map's id. The error lists the maps that there are.
Result<std::uint32_t> pin_bpf_map(const std::string& name);

} // namespace ktstr::guest
