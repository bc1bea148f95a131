// SPDX-License-Identifier: GPL-2.0-only
// "Stop now", for many threads at once, each of which waits in poll().
#pragma once

#include <sys/eventfd.h>

#include <cstdint>
#include <unistd.h>

#include "base/fd.h"

namespace ktstr::vmm {

class Cancellation {
  public:
    Cancellation() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    // Async-signal-safe. Cannot be taken back.
    void cancel() const {
        const std::uint64_t one = 1;
        (void)!::write(event_.get(), &one, sizeof(one));
    }
    // Readable once cancelled, for ever.
    [[nodiscard]] int fd() const { return event_.get(); }
    [[nodiscard]] bool cancelled() const;

  private:
    Fd event_;
};

} // namespace ktstr::vmm
