// SPDX-License-Identifier: GPL-2.0-only
// The host's time-stamp counter.
#pragma once

#include <cstdint>

namespace ktstr::vmm {

// Its frequency in kHz, measured once per process against CLOCK_MONOTONIC_RAW over 10 ms (within about 20 ppm). An
// emulated CPU counts with the host's counter (QEMU's cpu_get_host_ticks), so this is the guest's frequency too; a
// guest that has to find it out by itself is wrong by any factor when the host keeps its vCPU waiting in the middle of
// the measurement.
std::uint64_t host_tsc_khz();

} // namespace ktstr::vmm
