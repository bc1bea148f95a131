// SPDX-License-Identifier: GPL-2.0-only
// What only a worker itself can set up, before it waits for the start: its name, its memory policy, its user.
#pragma once

#include "guest/telemetry.h"
#include "interp/plan/plan.h"

namespace ktstr::guest {

// Sets and reads back. A failure ends the process, with its reason in the slot.
void place_itself(const plan::Work& work, WorkerSlot& slot);

// Ends the worker process with "error: cannot <what>: <errno>" in its report; `needs` is the configuration or the
// capability that it would take.
[[noreturn]] void fail_worker(WorkerSlot& slot, std::string_view what, int errno_value, std::string_view needs = {});
// Ends it with "error: <why>".
[[noreturn]] void refuse_work(WorkerSlot& slot, std::string_view why);

} // namespace ktstr::guest
