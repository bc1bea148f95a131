// SPDX-License-Identifier: GPL-2.0-only
// Where the server of KTSTR_LLM_URL is, and whether it may be asked.
#pragma once

#include <string>

#include "base/result.h"
#include "llm/settings.h"

namespace ktstr::llm {

struct Endpoint {
    enum class Protocol { chat, completion }; // POST /v1/chat/completions, POST /completion
    Protocol protocol = Protocol::chat;
    std::string base;        // "http://127.0.0.1:8080"
    std::string path;        // of the protocol, with what was before it in the URL
    std::string properties;  // path of GET
    std::string unix_socket; // or empty
    bool loopback_only = true;
    std::string shown; // for messages; without a password
};

// "http://127.0.0.1:8080", "http://localhost:8080/completion", "unix:/run/llama.sock". On this machine, unless the host
// is the one that KTSTR_LLM_REMOTE names.
Result<Endpoint> endpoint_of(const Settings& settings);

} // namespace ktstr::llm
