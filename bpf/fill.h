// SPDX-License-Identifier: GPL-2.0-only
// The maps of scx_ktstr that are there to be looked at from outside (--fill): one of each kind, with known contents.
#pragma once

#include <linux/types.h>

#include "base/result.h"

struct bpf_object;

namespace ktstr::scx {

// Before the load: room for `entries` in each; none of them is made if it is 0.
Result<void> size_fill_maps(bpf_object* object, __u32 entries);

// After it. Entry i has the key i (in a keyed map {i / 10, i}), and a value that follows from i and, in per-CPU maps,
// the CPU: total = i * 1000 + cpu, delta = -i, state = i % 3, name = "entry i", inner = {i % 8, i % 32, {i, i + 1, i +
// 2}}. The arena gets two pages, whose words count up.
Result<void> fill_maps(bpf_object* object, __u32 entries);

} // namespace ktstr::scx
