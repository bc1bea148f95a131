// SPDX-License-Identifier: GPL-2.0-only
// What a compilation is given from outside of the files.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "interp/plan/topology.h"

namespace ktstr::check {

struct Environment {
    std::optional<plan::Topology> topology;        // instead of each scenario's own
    std::string kernel = "6.12";                   // the version that `kernel` stands for
    std::map<std::string, std::string> parameters; // -P name=value: the value as it would stand in a file
    std::vector<std::string> flags;                // switched on beside those that the scenario names
    bool replace_flags = false;                    // instead of them
    std::string work_type;                         // in place of those that are `swappable`; empty: their own
    std::string only_scenario;                     // the only one to look at; empty: all
};

} // namespace ktstr::check
