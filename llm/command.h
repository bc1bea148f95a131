// SPDX-License-Identifier: GPL-2.0-only
// A command that is the model: the prompt on its standard input, the answer on its standard output.
#pragma once

#include <string>

#include "llm/reply.h"
#include "llm/settings.h"

namespace ktstr::llm {

// Runs KTSTR_LLM_COMMAND by /bin/sh in a session of its own. All of that is killed when it has ended, when the time is
// over and when it writes more than an answer may have.
Reply ask_command(const Settings& settings, const std::string& prompt);

} // namespace ktstr::llm
