// SPDX-License-Identifier: GPL-2.0-only
// Asks the running scheduler for its own statistics, over the socket and in the protocol of the sched-ext project's
// scx_stats: a line of JSON each way on a unix stream socket.
#pragma once

#include <functional>
#include <string>

#include "guest/event_loop.h"

namespace ktstr::guest {

constexpr const char* stats_socket = "/var/run/scx/root/stats";

struct Stats {
    std::string text;   // the answer's line; empty: there is none
    std::string absent; // why
};

class StatsClient {
  public:
    explicit StatsClient(EventLoop& loop) : loop_(loop) {}
    ~StatsClient() { close(); }
    StatsClient(const StatsClient&) = delete;
    StatsClient& operator=(const StatsClient&) = delete;

    // `done` is called once, at the latest after `limit_ns`, perhaps at once. A question that is still open is given
    // up first.
    void ask(std::uint64_t limit_ns, std::function<void(Stats)> done);

  private:
    void receive();
    void finish(Stats stats);
    void close();

    EventLoop& loop_;
    Fd socket_;
    std::string received_;
    std::function<void(Stats)> done_;
    std::uint64_t question_ = 0; // counts up, so that a timer knows whose it is
};

} // namespace ktstr::guest
