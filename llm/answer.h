// SPDX-License-Identifier: GPL-2.0-only
// The metrics in what a language model has answered. It may be anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "interp/eval/json_numbers.h"

namespace ktstr::llm {

inline constexpr std::size_t longest_answer = 64U << 10U; // bytes
inline constexpr std::size_t most_metrics = 1000;

struct ReadAnswer {
    std::vector<eval::NamedNumber> metrics; // may be NaN or infinite, names may be there twice
    std::string problem;                    // why there are none, or not all; or empty
};

// From the first object in the text whose braces close and that is JSON: what stands before and behind it, code fences
// and what the model thought aloud (up to the last "</think>") do not matter. NaN and Infinity, with or without quotes,
// and numbers too large for a double are numbers that are not finite.
ReadAnswer read_answer(std::string_view text);

} // namespace ktstr::llm
