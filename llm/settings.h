// SPDX-License-Identifier: GPL-2.0-only
// How the user has set up the language model that reads prose. Off unless they have.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace ktstr::llm {

struct Settings {
    std::string url;             // KTSTR_LLM_URL: of a server that speaks llama.cpp's protocol
    std::string command;         // KTSTR_LLM_COMMAND: for /bin/sh; reads the prompt, writes the answer
    std::filesystem::path model; // KTSTR_LLM_MODEL: the model's file; empty: where the server says
    std::string sha256;          // KTSTR_LLM_SHA256: of that file
    std::string remote;          // KTSTR_LLM_REMOTE: a host that is not this machine and that may be asked all the same
    std::string limit_seconds;   // KTSTR_LLM_LIMIT: as written, for one question from connecting to the last byte
    std::chrono::milliseconds limit = std::chrono::seconds(120);     // without it
    std::chrono::milliseconds load_limit = std::chrono::seconds(60); // how long a server may say that it still loads
    std::filesystem::path digests;                                   // where the digests of model files are kept
    int cancel_fd = -1;                                              // readable: stop now
};

Settings settings_from_environment();

} // namespace ktstr::llm
