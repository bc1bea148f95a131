// SPDX-License-Identifier: GPL-2.0-only
// Which loop does the work of a work type, and what its workers need to be given.
#pragma once

#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "guest/work/worker.h"

namespace ktstr::guest {

struct WorkLoopEntry {
    std::string_view work_type;
    void (*loop)(Worker&);
    // Makes the descriptors that a group of `size` shares, before its workers are forked; null if it shares none.
    Result<std::vector<Fd>> (*open_files)(const plan::Work& work, int size) = nullptr;
    bool makes_cgroups = false; // below its own
    bool on_siblings = false;   // a pair on the two threads of one core
    // Memory that all groups of the work share, and a place for the latencies that its workers measure; null for none.
    std::size_t (*shared_bytes)(const plan::Work& work) = nullptr;
};

// The entry of a work type of plan::work_types(); null if this executor has no loop for it.
const WorkLoopEntry* find_work_loop(std::string_view work_type);

} // namespace ktstr::guest
