// SPDX-License-Identifier: GPL-2.0-only
#include "guest/stats_client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ktstr::guest {

namespace {

constexpr std::size_t longest_answer = 1U << 20U;
constexpr std::string_view question = R"({"req":"stats","args":{"target":"top"}})"
                                      "\n";

} // namespace

void StatsClient::ask(std::uint64_t limit_ns, std::function<void(Stats)> done) {
    if (done_) finish({{}, "the scheduler was asked again before it had answered"});
    done_ = std::move(done);
    question_ += 1;
    received_.clear();
    socket_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, stats_socket, sizeof(address.sun_path) - 1);
    if (!socket_ || ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
        return finish({{},
                       errno == ENOENT ? std::string("the scheduler has no socket at ") + stats_socket
                                       : errno_error("connect to", stats_socket, errno).message});
    if (::send(socket_.get(), question.data(), question.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(question.size()))
        return finish({{}, errno_error("write to", stats_socket, errno).message});
    loop_.watch(socket_.get(), [this] { receive(); });
    loop_.once_at(monotonic_ns() + limit_ns, [this, limit_ns, asked = question_](std::uint64_t) {
        if (done_ && asked == question_)
            finish({{}, "the scheduler did not answer within " + std::to_string(limit_ns / ns_per_ms) + " ms"});
    });
}

void StatsClient::receive() {
    std::array<char, 16384> chunk{};
    while (true) {
        const ssize_t count = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return;
        if (count <= 0) return finish({{}, "the scheduler closed its stats socket without an answer"});
        received_.append(chunk.data(), static_cast<std::size_t>(count));
        if (const auto end = received_.find('\n'); end != std::string::npos)
            return finish({valid_utf8(received_.substr(0, end)), {}});
        if (received_.size() > longest_answer) return finish({{}, "the scheduler's answer has no end"});
    }
}

void StatsClient::finish(Stats stats) {
    close();
    const auto done = std::exchange(done_, nullptr);
    if (done) done(std::move(stats));
}

void StatsClient::close() {
    if (socket_) loop_.unwatch(socket_.get());
    socket_ = Fd();
}

} // namespace ktstr::guest
