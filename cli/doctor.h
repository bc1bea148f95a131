// SPDX-License-Identifier: GPL-2.0-only
// What this host can do for ktstr, and the mend for what it cannot.
#pragma once

#include <string>
#include <vector>

namespace ktstr::cli {

struct Finding {
    enum class State {
        good,
        limited, // something works less well, or not at all that not every user needs
        missing, // scenarios cannot run
    };
    State state = State::good;
    std::string part;  // "QEMU"
    std::string found; // what there is
    std::string mend;  // what to do; empty if nothing is wrong
};

std::vector<Finding> examine_host();

} // namespace ktstr::cli
