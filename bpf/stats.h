// SPDX-License-Identifier: GPL-2.0-only
// The statistics socket: a unix stream socket that speaks the protocol of the sched-ext project's scx_stats crate.
// A request is one line of JSON, {"req":"stats","args":{"target":"top"}} or {"req":"stats_meta"}; the answer is one
// line, {"errno":0,"args":{"resp":...}}; on a failure errno is not 0 and resp a text.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr::scx {

// One number that the scheduler offers in the "top" statistics: a BPF global of that name, or a share made of one.
struct StatsField {
    std::string name;
    std::string description;
    bool is_signed = false;
    std::string global = {}; // the BPF global, if it has another name
    std::int64_t whole = 0;  // what the global is to be divided by, for a fraction; 0: it is told as it is
};

struct StatsSource {
    std::vector<StatsField> fields;
    std::function<std::int64_t(const StatsField&)> read; // an unsigned value comes as its bit pattern
};

// The answer to one request line (without its newline), with a newline. Any text at all is taken.
std::string answer_request(std::string_view line, const StatsSource& source);

// Serves clients from one thread: wait until fd() is readable, then call serve().
class StatsServer {
  public:
    static constexpr std::size_t max_request = 16384; // bytes of one line; a client that sends more is told and dropped
    static constexpr std::size_t max_clients = 16;    // one more is dropped at once

    // Listens on `path`. Makes the folders above it and replaces a socket that is left over there, but no
    // other file and no socket on which somebody listens.
    static Result<StatsServer> listen(const std::string& path, StatsSource source);
    // Serves the clients of add_client() only.
    static Result<StatsServer> unbound(StatsSource source);
    StatsServer(StatsServer&& other) noexcept = default;
    StatsServer(const StatsServer&) = delete;
    StatsServer& operator=(const StatsServer&) = delete;
    ~StatsServer(); // removes the socket's file

    [[nodiscard]] int fd() const { return epoll_.get(); }
    // Takes what has come in, and returns without waiting for more.
    void serve();
    Result<void> add_client(Fd connection);
    [[nodiscard]] std::size_t clients() const { return pending_.size(); }

  private:
    struct Client {
        Fd connection;
        std::string received; // what has come of the next line
    };

    StatsServer(StatsSource source, Fd epoll) : source_(std::move(source)), epoll_(std::move(epoll)) {}
    Result<void> watch(int fd);
    void accept_clients();
    bool serve_client(Client& client); // false: drop it
    bool answer_lines(Client& client);

    StatsSource source_;
    Fd epoll_;
    Fd listener_;
    std::string path_; // empty: nothing to remove
    std::map<int, Client> pending_;
};

} // namespace ktstr::scx
