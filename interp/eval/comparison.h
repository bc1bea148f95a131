// SPDX-License-Identifier: GPL-2.0-only
// What every judgement of workers shares.
#pragma once

#include <string>

#include "interp/plan/plan.h"

namespace ktstr::eval {

inline bool holds(double value, plan::Comparison comparison, double bound) {
    switch (comparison) {
    case plan::Comparison::less: return value < bound;
    case plan::Comparison::less_equal: return value <= bound;
    case plan::Comparison::greater: return value > bound;
    case plan::Comparison::greater_equal: return value >= bound;
    case plan::Comparison::equal: return value == bound;
    case plan::Comparison::not_equal: return value != bound;
    }
    return false;
}

// Whether an expectation on `wanted` speaks of workers in `cgroup`: of those below it too; "" is all.
inline bool covers(const std::string& wanted, const std::string& cgroup) {
    return wanted.empty() || cgroup == wanted ||
           (cgroup.size() > wanted.size() && cgroup[wanted.size()] == '/' && cgroup.starts_with(wanted));
}

} // namespace ktstr::eval
