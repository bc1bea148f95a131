// SPDX-License-Identifier: GPL-2.0-only
// The heap bytes of a capture's threads: which processes have jemalloc, and where; then tracer.h.
#pragma once

#include "ctprof/walk.h"

namespace ktstr::ctprof {

// Sets `heap` of every thread, and the heap counters of those that could be read.
void probe_heaps(const CaptureOptions& options, Capture& capture);

} // namespace ktstr::ctprof
