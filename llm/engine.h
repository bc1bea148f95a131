// SPDX-License-Identifier: GPL-2.0-only
// The model of the user's choice: a server on this machine, or a command. It is asked only if its file has the digest
// that the user has set.
#pragma once

#include <mutex>
#include <string>

#include "interp/plan/plan.h"
#include "llm/reply.h"
#include "llm/settings.h"

namespace ktstr::llm {

// May be used by many threads: they take turns, since what a model answers may depend on what it does beside it.
class Engine {
  public:
    explicit Engine(Settings settings);

    struct Answer {
        Reply reply;
        std::string model_sha256; // of the model that was asked; empty if none was
    };
    // Asks for the metrics in `text`, which is not too long. The model's file is looked at before each question. Once
    // something has taken too long, nothing is asked any more.
    Answer ask(const plan::Payload& payload, const std::string& text);

  private:
    Answer ask_in_turn(const plan::Payload& payload, const std::string& text);
    // In the reply's text the digest of the model's file, which is the right one.
    Reply check_model(const std::filesystem::path& file);

    Settings settings_;
    std::string wrong_; // what is wrong with the settings
    std::mutex mutex_;
    std::string gave_up_;
};

} // namespace ktstr::llm
