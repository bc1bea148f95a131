// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/debugger.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace ktstr::vmm {

namespace {

constexpr int answer_limit_ms = 30'000; // on the busiest of hosts
constexpr std::size_t longest_packet = 65536;

std::string hex_of(std::uint64_t number) {
    std::array<char, 20> text{};
    std::snprintf(text.data(), text.size(), "%llx", static_cast<unsigned long long>(number));
    return text.data();
}

bool is_stop(const std::string& packet) { return packet.starts_with('T') || packet.starts_with('S'); }

} // namespace

Result<void> Debugger::send(const std::string& packet) {
    unsigned sum = 0;
    for (const char c : packet) sum += static_cast<unsigned char>(c);
    std::array<char, 8> end{};
    std::snprintf(end.data(), end.size(), "#%02x", sum & 0xffU);
    const std::string bytes = "$" + packet + end.data();
    if (::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
        return errno_error("write to", "QEMU's debugger socket", errno);
    return {};
}

Result<std::optional<std::string>> Debugger::receive(int timeout_ms) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    while (true) {
        const auto begin = received_.find('$');
        const auto end = begin == std::string::npos ? begin : received_.find('#', begin);
        if (end != std::string::npos && end + 2 < received_.size()) {
            std::string packet = received_.substr(begin + 1, end - begin - 1);
            received_.erase(0, end + 3);
            (void)::send(socket_.get(), "+", 1, MSG_NOSIGNAL); // QEMU 10 has no mode without
            return std::optional(std::move(packet));
        }
        if (received_.size() > longest_packet) return Error{"QEMU's debugger speaks without end"};
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        pollfd entry{socket_.get(), POLLIN, 0};
        const int ready = ::poll(&entry, 1, left > 0 ? static_cast<int>(left) : 0);
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) return std::optional<std::string>();
        std::array<char, 4096> chunk{};
        const ssize_t count = ::recv(socket_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count <= 0) return Error{"QEMU has closed its debugger socket"};
        received_.append(chunk.data(), static_cast<std::size_t>(count));
    }
}

Result<void> Debugger::expect_ok(const std::string& packet) {
    if (auto sent = send(packet); !sent) return sent;
    while (true) {
        auto answer = receive(answer_limit_ms);
        if (!answer) return answer.error();
        if (!*answer) return Error{"QEMU's debugger does not answer"};
        if (is_stop(**answer)) continue; // of a stop that is known already
        if (**answer == "OK") return {};
        return Error{"QEMU's debugger refused '" + packet +
                     "': " + ((*answer)->empty() ? std::string("it does not know it") : **answer)};
    }
}

Result<void> Debugger::watch(std::uint64_t address, std::uint64_t bytes) {
    auto done = expect_ok("Z2," + hex_of(address) + "," + hex_of(bytes));
    if (done) return done;
    return Error{done.error().message, "KVM has four watchpoints, and takes them at multiples of their size only"};
}

Result<void> Debugger::unwatch(std::uint64_t address, std::uint64_t bytes) {
    return expect_ok("z2," + hex_of(address) + "," + hex_of(bytes));
}

Result<void> Debugger::break_at(std::uint64_t address) { return expect_ok("Z1," + hex_of(address) + ",1"); }

Result<void> Debugger::unbreak(std::uint64_t address) { return expect_ok("z1," + hex_of(address) + ",1"); }

Result<void> Debugger::continue_all() { return send("c"); }

// "T05thread:p01.01;watch:ffffffff82046da0;"
Result<std::optional<Debugger::Stop>> Debugger::next_stop(int timeout_ms) {
    while (true) {
        auto packet = receive(timeout_ms);
        if (!packet) return packet.error();
        if (!*packet) return std::optional<Stop>();
        if (!is_stop(**packet)) continue;
        Stop stop;
        stop.breakpoint = (*packet)->starts_with("T05"); // SIGTRAP; a machine that is just stopped has 02
        const auto at = (*packet)->find("watch:");
        if (at != std::string::npos) {
            const char* begin = (*packet)->data() + at + 6;
            stop.watchpoint =
                std::from_chars(begin, (*packet)->data() + (*packet)->size(), stop.address, 16).ec == std::errc{};
            stop.breakpoint = false;
        }
        return std::optional(stop);
    }
}

} // namespace ktstr::vmm
