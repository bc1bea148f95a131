// SPDX-License-Identifier: GPL-2.0-only
// The catalogue of work types: what a worker can be asked to do. The compiler checks against it and fills in defaults;
// the executor has one function per entry.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ktstr::plan {

struct WorkParameter {
    enum class Kind { duration, size, count }; // in the plan: ns, bytes, an integer
    std::string name;
    Kind kind;
    std::int64_t default_value;
    std::int64_t minimum;
    std::int64_t maximum;
    std::string summary;
};

struct WorkType {
    std::string name;    // "futex_ping_pong"
    std::string summary; // one line for `ktstr list work-types`
    int group_size = 1;  // workers come in groups of this many (2 = pairs)
    std::vector<WorkParameter> parameters;
};

const std::vector<WorkType>& work_types();
const WorkType* find_work_type(std::string_view name); // null if there is none

} // namespace ktstr::plan
