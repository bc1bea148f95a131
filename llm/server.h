// SPDX-License-Identifier: GPL-2.0-only
// A server that speaks the protocol of llama.cpp's.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "llm/endpoint.h"
#include "llm/reply.h"
#include "llm/settings.h"

namespace ktstr::llm {

inline constexpr int most_answer_tokens = 2048;

// The model's file by GET /props. While the server says that it loads (503) it is asked again, for `load_limit`.
Reply model_path_of(const Endpoint& endpoint, const Settings& settings);

// Asks at temperature 0 with a fixed seed, for an answer of this JSON schema.
Reply ask_server(const Endpoint& endpoint, const Settings& settings, const std::string& prompt,
                 const nlohmann::json& schema);

} // namespace ktstr::llm
