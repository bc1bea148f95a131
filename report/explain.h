// SPDX-License-Identifier: GPL-2.0-only
// What a plan does, in words and in the order of time: for people, `ktstr plan --explain`.
#pragma once

#include <filesystem>
#include <string>

#include "interp/plan/plan.h"

namespace ktstr::report {

// `file` is the .ktl or plan file as the user named it. Lines are at most 100 columns, unless a word alone is longer.
// Times are offsets in the workload window as the holds make them; what the ops themselves take comes on top.
// `combination` says which of a gauntlet's variants of the scenario it is; empty: there is one only.
std::string explain(const plan::Plan& plan, const std::filesystem::path& file, const std::string& combination = {});

} // namespace ktstr::report
