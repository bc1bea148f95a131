// SPDX-License-Identifier: GPL-2.0-only
// The executor's one poll loop: the port, ended children, timers, output pipes. Whatever waits, waits in run_until(),
// so that heartbeats go out and logs come in meanwhile.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "guest/clock.h"
#include "guest/port.h"
#include "wire/message.h"

namespace ktstr::guest {

constexpr std::uint64_t no_deadline = std::numeric_limits<std::uint64_t>::max();

class EventLoop {
  public:
    // Blocks SIGCHLD in the caller, to get it through a descriptor.
    static Result<EventLoop> create(Port port);

    enum class Outcome { done, timed_out, interrupted };
    struct Wait {
        std::uint64_t deadline_ns = no_deadline;       // CLOCK_MONOTONIC
        std::uint64_t look_every_ns = 100 * ns_per_ms; // asks done() at least this often; also after every event
        bool interruptible = true;                     // whether interrupt() ends it
    };
    Outcome run_until(const Wait& wait, const std::function<bool()>& done);
    // Ends every interruptible wait from now on, until the reason was dealt with.
    void interrupt() { interrupted_ = true; }
    [[nodiscard]] bool interrupted() const { return interrupted_; }
    void go_on() { interrupted_ = false; }

    void on_frame(std::function<void(const wire::Frame&)> handler) { frame_handler_ = std::move(handler); }
    // The stream from the host is damaged: nothing more can come from there.
    void on_damage(std::function<void(const Error&)> handler) { damage_handler_ = std::move(handler); }
    // For every child that has ended, known or not: orphans are reaped here too.
    void on_child(std::function<void(pid_t, int, const rusage&)> handler) { child_handler_ = std::move(handler); }
    // Once, at that time of CLOCK_MONOTONIC or as soon after it as something waits.
    void once_at(std::uint64_t time_ns, std::function<void(std::uint64_t now_ns)> handler) {
        timers_.push_back({0, time_ns, std::move(handler)});
    }
    void every(std::uint64_t interval_ns, std::function<void(std::uint64_t now_ns)> handler);
    void watch(int fd, std::function<void()> handler) { watched_[fd] = std::move(handler); }
    void unwatch(int fd) { watched_.erase(fd); }

    template <typename Message> void send(wire::FrameType type, const Message& message) {
        port_.send(type, wire::encode(message));
    }
    void send_bytes(wire::FrameType type, std::string_view bytes) { port_.send(type, bytes); }
    [[nodiscard]] std::size_t queued_bytes() const { return port_.queued_bytes(); }
    // Bytes that are not UTF-8 are replaced. What the host is too slow to take is dropped, and said so.
    void send_log(const std::string& stream, std::string text);
    void send_last(const wire::Finish& finish);

  private:
    struct Timer {
        std::uint64_t interval_ns; // 0: once
        std::uint64_t next_ns;
        std::function<void(std::uint64_t)> handler;
    };
    EventLoop(Port port, Fd child_signals) : port_(std::move(port)), child_signals_(std::move(child_signals)) {}
    void poll_once(std::uint64_t timeout_ns);
    void read_port(std::uint64_t now_ns);
    void reap_children();
    void run_timers();

    Port port_;
    Fd child_signals_;
    bool interrupted_ = false;
    std::uint64_t port_quiet_until_ns_ = 0; // nobody is at the other end: do not spin on it
    std::uint64_t dropped_log_bytes_ = 0;
    std::vector<Timer> timers_;
    std::map<int, std::function<void()>> watched_;
    std::function<void(const wire::Frame&)> frame_handler_ = [](const wire::Frame&) {};
    std::function<void(const Error&)> damage_handler_ = [](const Error&) {};
    std::function<void(pid_t, int, const rusage&)> child_handler_ = [](pid_t, int, const rusage&) {};
};

// `text` with every byte that is not part of valid UTF-8 replaced by '?'.
std::string valid_utf8(std::string text);

} // namespace ktstr::guest
