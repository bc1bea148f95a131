// SPDX-License-Identifier: GPL-2.0-only
// Traffic through the loopback device, whose receiving half runs as a soft interrupt (NET_RX).
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/fd.h"
#include "guest/work/files.h"
#include "guest/work/loops.h"

namespace ktstr::guest::work {

namespace {

constexpr const char* needs = "CONFIG_INET=y and a loopback device that is up";

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

Fd open_socket(const Worker& worker, int type) {
    Fd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    if (!socket) worker.fail("socket()", errno, needs);
    return socket;
}

// Binds to a port that is free, and tells the other one.
void bind_and_tell(const Worker& worker, const Fd& socket, bool listens) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) != 0)
        worker.fail("bind() to 127.0.0.1", errno, needs);
    if (listens && ::listen(socket.get(), 1) != 0) worker.fail("listen() on 127.0.0.1", errno, needs);
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
        worker.fail("getsockname()", errno);
    worker.own_slot().notice.store(ntohs(address.sin_port));
    futex_wake(worker.own_slot().notice);
}

// False if told to stop before the other one could be reached.
bool connect_to_other(const Worker& worker, const Fd& socket) {
    FutexWord& notice = worker.next_slot().notice;
    if (!worker.wait_while(notice, 0)) return false;
    const sockaddr_in address = loopback(static_cast<std::uint16_t>(notice.load()));
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return true;
    if (errno == EINTR && !worker.running()) return false;
    worker.fail("connect() to 127.0.0.1", errno, needs);
}

enum class Received { all, lost, end };

// A datagram is lost if none comes within the socket's time.
Received receive_datagram(Worker& worker, int socket, std::vector<char>& data) {
    CallStamp& called = worker.own_slot().called;
    while (worker.running()) {
        called.arm();
        const ssize_t count = ::recv(socket, data.data(), data.size(), 0);
        if (count >= 0) {
            worker.note_wake(called);
            return Received::all;
        }
        if (errno == EAGAIN) return Received::lost;
        if (errno == EINTR) continue;
        if (errno != ECONNREFUSED) worker.fail("recv() a datagram", errno);
        worker.wait_for_stop(); // the other one is gone
    }
    return Received::end;
}

bool send_datagram(const Worker& worker, int socket, const std::vector<char>& data) {
    while (worker.running()) {
        worker.next_slot().called.call_armed();
        if (::send(socket, data.data(), data.size(), 0) >= 0) return true;
        if (errno == EINTR || errno == ENOBUFS) continue;
        if (errno != ECONNREFUSED) worker.fail("send() a datagram", errno);
        worker.wait_for_stop();
    }
    return false;
}

void exchange_datagrams(Worker& worker) {
    const bool first = worker.member() == 0;
    const Fd socket = open_socket(worker, SOCK_DGRAM);
    std::vector<char> data(worker.parameter("size"), 'k');
    // The first one says again what was lost on the way.
    const timeval limit{.tv_sec = 1, .tv_usec = 0};
    if (first && ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0)
        worker.fail("setsockopt(SO_RCVTIMEO)", errno);
    bind_and_tell(worker, socket, false);
    if (!connect_to_other(worker, socket)) return;
    if (first && !send_datagram(worker, socket.get(), data)) return;
    while (true) {
        const Received received = receive_datagram(worker, socket.get(), data);
        if (received == Received::end || !send_datagram(worker, socket.get(), data)) return;
        if (received == Received::all) worker.pass();
    }
}

// The connection between the two; none if told to stop before there is one.
Fd open_connection(Worker& worker) {
    Fd socket = open_socket(worker, SOCK_STREAM);
    if (worker.member() == 0) {
        bind_and_tell(worker, socket, true);
        Fd accepted;
        while (worker.running() && !accepted) {
            accepted = Fd(::accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!accepted && errno != EINTR) worker.fail("accept() a connection", errno);
        }
        socket = std::move(accepted);
    } else if (!connect_to_other(worker, socket)) {
        return {};
    }
    const int on = 1; // no waiting for more to send along (Nagle's algorithm)
    if (socket && ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
        worker.fail("setsockopt(TCP_NODELAY)", errno);
    return socket;
}

void exchange_streams(Worker& worker) {
    const Fd socket = open_connection(worker);
    if (!socket) return;
    std::vector<char> data(worker.parameter("size"), 'k');
    if (worker.member() == 0 && !send_all(worker, socket.get(), worker.next_slot(), data.data(), data.size())) return;
    while (receive_all(worker, socket.get(), data.data(), data.size()) &&
           send_all(worker, socket.get(), worker.next_slot(), data.data(), data.size()))
        worker.pass();
}

} // namespace

void net_traffic(Worker& worker) {
    if (worker.choice("protocol") == "tcp") return exchange_streams(worker);
    exchange_datagrams(worker);
}

} // namespace ktstr::guest::work
