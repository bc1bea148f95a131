// SPDX-License-Identifier: GPL-2.0-only
#include "guest/event_loop.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

namespace ktstr::guest {

namespace {

constexpr std::size_t queue_limit = 1U << 20U; // log text beyond it is dropped
constexpr std::size_t log_chunk = 32U << 10U;

// The length of the UTF-8 sequence at `at` (RFC 3629), 0 if there is none.
std::size_t sequence_length(const std::string& text, std::size_t at) {
    const auto byte = [&text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const unsigned first = byte(at);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(at + i) & 0xc0U) != 0x80U) return 0;
    const unsigned second = byte(at + 1);
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool beyond = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
    return overlong || beyond ? 0 : length;
}

} // namespace

std::string valid_utf8(std::string text) {
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length = sequence_length(text, i);
        if (length == 0) text[i] = '?';
        i += std::max<std::size_t>(length, 1);
    }
    return text;
}

Result<EventLoop> EventLoop::create(Port port) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) return errno_error("block", "SIGCHLD", errno);
    Fd fd(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!fd) return errno_error("wait for", "SIGCHLD", errno);
    return EventLoop(std::move(port), std::move(fd));
}

void EventLoop::every(std::uint64_t interval_ns, std::function<void(std::uint64_t)> handler) {
    timers_.push_back({interval_ns, monotonic_ns() + interval_ns, std::move(handler)});
}

EventLoop::Outcome EventLoop::run_until(const Wait& wait, const std::function<bool()>& done) {
    while (true) {
        if (done()) return Outcome::done;
        if (wait.interruptible && interrupted_) return Outcome::interrupted;
        const std::uint64_t now = monotonic_ns();
        if (now >= wait.deadline_ns) return Outcome::timed_out;
        poll_once(std::min(wait.look_every_ns, wait.deadline_ns - now));
    }
}

void EventLoop::poll_once(std::uint64_t timeout_ns) {
    std::uint64_t now = monotonic_ns();
    for (const auto& timer : timers_) timeout_ns = std::min(timeout_ns, timer.next_ns > now ? timer.next_ns - now : 0);
    std::vector<pollfd> entries = {{child_signals_.get(), POLLIN, 0}};
    if (now >= port_quiet_until_ns_)
        entries.push_back({port_.fd(), static_cast<short>(port_.queued_bytes() > 0 ? POLLIN | POLLOUT : POLLIN), 0});
    else
        timeout_ns = std::min(timeout_ns, port_quiet_until_ns_ - now);
    for (const auto& [fd, handler] : watched_) entries.push_back({fd, POLLIN, 0});
    const timespec timeout = to_timespec(timeout_ns);
    if (::ppoll(entries.data(), entries.size(), &timeout, nullptr) > 0) {
        now = monotonic_ns();
        for (const auto& entry : entries) {
            if (entry.revents == 0) continue;
            if (entry.fd == child_signals_.get()) {
                reap_children();
            } else if (entry.fd == port_.fd()) {
                if ((entry.revents & POLLOUT) != 0) port_.write_queue();
                if ((entry.revents & ~POLLOUT) != 0) read_port(now);
            } else if (const auto found = watched_.find(entry.fd); found != watched_.end()) {
                const auto handler = found->second; // it may unwatch itself
                handler();
            }
        }
    }
    run_timers();
}

void EventLoop::read_port(std::uint64_t now_ns) {
    if (!port_.read_some()) port_quiet_until_ns_ = now_ns + 50 * ns_per_ms;
    while (true) {
        auto frame = port_.next_frame();
        if (!frame) return damage_handler_(frame.error());
        if (!*frame) return;
        frame_handler_(**frame);
    }
}

void EventLoop::reap_children() {
    std::array<signalfd_siginfo, 16> signals; // NOLINT(cppcoreguidelines-pro-type-member-init): emptied, not looked at
    while (::read(child_signals_.get(), signals.data(), sizeof(signals)) > 0) {
    }
    while (true) {
        int status = 0;
        rusage usage{};
        const pid_t pid = ::wait4(-1, &status, WNOHANG, &usage);
        if (pid < 0 && errno == EINTR) continue;
        if (pid <= 0) return;
        child_handler_(pid, status, usage);
    }
}

void EventLoop::run_timers() {
    const std::uint64_t now = monotonic_ns();
    // By index, and with a copy of the handler: it may add timers.
    for (std::size_t i = 0; i < timers_.size(); ++i) {
        if (now < timers_[i].next_ns) continue;
        timers_[i].next_ns = timers_[i].interval_ns == 0 ? no_deadline : now + timers_[i].interval_ns;
        const auto handler = timers_[i].handler;
        handler(now);
    }
    std::erase_if(timers_, [](const Timer& timer) { return timer.next_ns == no_deadline; });
}

void EventLoop::send_log(const std::string& stream, std::string text) {
    if (text.empty()) return;
    if (port_.queued_bytes() > queue_limit) {
        dropped_log_bytes_ += text.size();
        return;
    }
    text = valid_utf8(std::move(text));
    if (dropped_log_bytes_ > 0)
        text = "[" + std::to_string(dropped_log_bytes_) + " bytes of log were dropped: the host was too slow]\n" + text;
    dropped_log_bytes_ = 0;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = std::min(at + log_chunk, text.size());
        while (end < text.size() && end > at + 1 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
        send(wire::FrameType::log, wire::Log{stream, text.substr(at, end - at)});
        at = end;
    }
}

void EventLoop::send_last(const wire::Finish& finish) {
    port_.send_last(wire::FrameType::finish, wire::encode(finish), 5 * ns_per_s);
}

} // namespace ktstr::guest
