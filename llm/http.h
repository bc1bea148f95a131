// SPDX-License-Identifier: GPL-2.0-only
// One HTTP exchange, bounded in size and time. No redirects, no proxies, no cookies, no credentials of the user's.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "llm/reply.h"

namespace ktstr::llm {

struct HttpRequest {
    std::string url;
    std::string unix_socket;         // connect there; empty: by the URL
    bool loopback_only = true;       // refuse every other address, whatever a name leads to
    std::optional<std::string> body; // JSON to POST; none: GET
    std::size_t most_bytes = 1U << 20U;
    Deadline deadline;
    int cancel_fd = -1;
};

struct HttpReply {
    enum class End { complete, cut_off, too_large, timed_out, cancelled, failed };
    End end = End::failed;
    std::string what; // of cut_off and failed: what went wrong
    long status = 0;
    std::string body;
    std::string location; // of a redirect
};

HttpReply http_exchange(const HttpRequest& request);

} // namespace ktstr::llm
