// SPDX-License-Identifier: GPL-2.0-only
// The lattice of verdicts.
#pragma once

#include <string_view>

namespace ktstr::eval {

// In the order of the lattice: the stronger one wins a fold.
enum class Outcome {
    skip,         // not judged; says nothing about the scheduler
    pass,         // judged and held
    inconclusive, // could not be judged: the run gave no signal
    fail,
};

constexpr Outcome fold(Outcome first, Outcome second) { return first < second ? second : first; }

std::string_view to_string(Outcome outcome); // "pass", "fail", "skip", "inconclusive"

} // namespace ktstr::eval
