// SPDX-License-Identifier: GPL-2.0-only
// What only a worker itself can set up, before it waits for the start: its name, its memory policy, its user.
#pragma once

#include "guest/telemetry.h"
#include "interp/plan/plan.h"

namespace ktstr::guest {

// Of the process: its name (empty: the work's) and its user. Of each worker: its name and its memory policy. What is
// set is read back. A failure ends the worker, with its reason in the slot.
void place_process(const plan::Work& work, const std::string& name, WorkerSlot& slot);
void place_task(const plan::Work& work, WorkerSlot& slot);

// Ends the calling thread, which is a worker, in order.
[[noreturn]] void end_thread(WorkerSlot& slot);

// Ends the worker with "error: cannot <what>: <errno>" in its report; `needs` is the configuration or the
// capability that it would take.
[[noreturn]] void fail_worker(WorkerSlot& slot, std::string_view what, int errno_value, std::string_view needs = {});
// Ends it with "error: <why>".
[[noreturn]] void refuse_work(WorkerSlot& slot, std::string_view why);

} // namespace ktstr::guest
