// SPDX-License-Identifier: GPL-2.0-only
// Why a run ends before its plan is through. Functions that may end it return std::optional<Ending>: none = go on.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "interp/plan/record.h"

namespace ktstr::guest {

struct Ending {
    plan::RunEnd end = plan::RunEnd::completed;
    std::string message = {};
    std::string hint = {};
};

inline Ending ending_of(plan::RunEnd end, const Error& error) { return {end, error.message, error.hint}; }

// Something that the executor itself could not do.
inline Ending executor_failed(const Error& error) { return ending_of(plan::RunEnd::executor_failed, error); }

} // namespace ktstr::guest
