// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/patience.h"

#include <filesystem>
#include <fstream>
#include <string>

namespace ktstr::vmm {

Patience::Patience(pid_t process)
    : process_(process), last_usage_(read_usage()), last_update_(std::chrono::steady_clock::now()) {}

Patience::Usage Patience::read_usage() const {
    Usage total;
    std::error_code code;
    for (std::filesystem::directory_iterator task("/proc/" + std::to_string(process_) + "/task", code), end;
         !code && task != end; task.increment(code)) {
        std::ifstream schedstat(task->path() / "schedstat");
        Usage usage;
        if (schedstat >> usage.ran_ns >> usage.waited_ns) {
            total.ran_ns += usage.ran_ns;
            total.waited_ns += usage.waited_ns;
        }
    }
    return total;
}

void Patience::update() {
    const Usage usage = read_usage();
    const auto now = std::chrono::steady_clock::now();
    // A thread that ended takes its numbers along; such a step counts in full.
    const auto ran = usage.ran_ns > last_usage_.ran_ns ? static_cast<double>(usage.ran_ns - last_usage_.ran_ns) : 0.0;
    const auto waited =
        usage.waited_ns > last_usage_.waited_ns ? static_cast<double>(usage.waited_ns - last_usage_.waited_ns) : 0.0;
    const double share = waited > 0 ? ran / (ran + waited) : 1.0;
    // Never slower than a twentieth of real time: a machine that gets nothing at all must end some day too.
    elapsed_ += (now - last_update_) * std::max(share, 0.05);
    last_usage_ = usage;
    last_update_ = now;
}

} // namespace ktstr::vmm
