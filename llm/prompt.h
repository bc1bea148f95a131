// SPDX-License-Identifier: GPL-2.0-only
// What the model is asked.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "interp/plan/plan.h"

namespace ktstr::llm {

inline constexpr std::size_t longest_text = 16U << 10U; // bytes of an output that the model sees

// The first and the last half of what is too long, cut at lines where there are some, with a line that says what is
// left out between them.
struct Shortened {
    std::string text;
    std::size_t left_out = 0; // bytes
};
Shortened shortened(const std::string& text, std::size_t most = longest_text);

// Names the program, its hint and its metrics, and has the text.
std::string prompt_for(const plan::Payload& payload, const std::string& text);

// The JSON schema of the answer: an object of numbers, with the declared metrics by name.
nlohmann::json schema_for(const plan::Payload& payload);

} // namespace ktstr::llm
