// SPDX-License-Identifier: GPL-2.0-only
#include "guest/work/own_policy.h"

#include <sched.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace ktstr::guest {

void set_own_policy(const Worker& worker, std::string_view policy, int priority) {
    static constexpr std::array<std::pair<std::string_view, int>, 5> policies = {{{"normal", SCHED_OTHER},
                                                                                  {"batch", SCHED_BATCH},
                                                                                  {"idle", SCHED_IDLE},
                                                                                  {"fifo", SCHED_FIFO},
                                                                                  {"rr", SCHED_RR}}};
    for (const auto& [name, number] : policies) {
        if (name != policy) continue;
        sched_param parameter{};
        if (number == SCHED_FIFO || number == SCHED_RR) parameter.sched_priority = priority;
        if (::sched_setscheduler(0, number, &parameter) != 0)
            worker.fail("sched_setscheduler() itself to policy " + std::string(policy), errno,
                        "CAP_SYS_NICE, and without CONFIG_RT_GROUP_SCHED or with a cgroup that has its runtime");
        return;
    }
}

} // namespace ktstr::guest
