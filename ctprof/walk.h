// SPDX-License-Identifier: GPL-2.0-only
// Takes a capture: walks /proc and the cgroups of what it finds there. Reads only, but for the heap probe (tracer.h).
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "ctprof/capture.h"
#include "ctprof/heap_layout.h"
#include "ctprof/tracer.h"

namespace ktstr::ctprof {

struct CaptureOptions {
    std::string proc = "/proc";             // the heap probe is only for the machine's own
    std::string cgroups = "/sys/fs/cgroup"; // of cgroup v2; not one: none are read
    std::size_t most_threads = 100'000;     // what is beyond is counted and left out
    LayoutSource* layouts = nullptr;        // null: no heap probe; user threads have the state no_jemalloc
    TracerLimits tracer = {};
    std::function<void()> in_tracer = [] {}; // called in the child that traces
};

// An error only if `proc` cannot be listed at all. What ends meanwhile, or cannot be read, is counted in the report.
Result<Capture> take_capture(const CaptureOptions& options);

} // namespace ktstr::ctprof
