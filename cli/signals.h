// SPDX-License-Identifier: GPL-2.0-only
// Ctrl-C and SIGTERM: the first asks every run to stop, the second ends ktstr at once (its virtual machines die with
// it).
#pragma once

#include "vmm/cancellation.h"

namespace ktstr::cli {

// Installs the handlers. `before_sudden_end`, if any, is called before the second signal ends ktstr: in a signal
// handler. The returned cancellation lives as long as the program.
const vmm::Cancellation& cancel_on_signals(void (*before_sudden_end)() = nullptr);

} // namespace ktstr::cli
