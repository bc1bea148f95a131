// SPDX-License-Identifier: GPL-2.0-only
// What sched_ext says in the kernel log.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr::guest {

class KernelLog {
  public:
    // Reads from now on.
    static Result<KernelLog> open();
    // The lines that have come since the last call.
    std::vector<std::string> new_lines();

  private:
    explicit KernelLog(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

// The text of one record of /dev/kmsg ("6,339,5140900,-;text\n SUBSYSTEM=..."), and "" if it is none
// (Documentation/ABI/testing/dev-kmsg).
std::string kmsg_text(std::string_view record);

// Why the kernel let go of a scheduler, out of the lines of its log: the last 'sched_ext: BPF scheduler "x" disabled
// (...)' and the lines that explain it; without such a line, all that sched_ext complained of. "" if it said nothing.
std::string sched_ext_reason(const std::vector<std::string>& lines);

} // namespace ktstr::guest
