// SPDX-License-Identifier: GPL-2.0-only
// What comes of asking a model.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ktstr::llm {

using Deadline = std::chrono::steady_clock::time_point;

struct Reply {
    enum class Kind {
        answered,
        unavailable, // `error`: there is no model, or it could not be brought to an answer
        cancelled,
    };
    Kind kind = Kind::answered;
    std::string text;    // the answer, 64 KiB at most
    std::string problem; // of an answer that came, but not whole
    Error error;
    bool timed_out = false; // unavailable because it took too long

    static Reply unavailable(Error error) { return {Kind::unavailable, "", "", std::move(error), false}; }
    static Reply out_of_time(Error error) { return {Kind::unavailable, "", "", std::move(error), true}; }
    static Reply cancelled() { return {Kind::cancelled, "", "", {}, false}; }
};

// Something that a server or a command has said, in a message: one short line without control characters.
std::string quoted_line(std::string_view text);

} // namespace ktstr::llm
