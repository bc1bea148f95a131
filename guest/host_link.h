// SPDX-License-Identifier: GPL-2.0-only
// What only the host can do for the guest: it is asked over the port, and answers.
#pragma once

#include <map>
#include <string>

#include "guest/event_loop.h"

namespace ktstr::guest {

class HostLink {
  public:
    explicit HostLink(EventLoop& loop) : loop_(loop) {}

    // Sends the request and waits for its answer, at most `limit_ns` of the guest's time: what was done, or the host's
    // own error.
    Result<std::string> ask(wire::HostRequest request, std::uint64_t limit_ns);
    // Sends it, whatever the answer will be.
    void tell(wire::HostRequest request);
    // Hand every host_reply here.
    void reply(const wire::HostReply& reply);

  private:
    EventLoop& loop_;
    int next_ = 0;
    int waiting_for_ = -1;
    std::optional<wire::HostReply> answer_;
};

} // namespace ktstr::guest
