// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/qmp.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

namespace ktstr::vmm {

using nlohmann::json;

Qmp::Qmp(Fd socket) : socket_(std::move(socket)) { (void)execute("qmp_capabilities"); }

Result<int> Qmp::execute(const std::string& command, json arguments) {
    const int id = next_id_++;
    const std::string line = json{{"execute", command}, {"arguments", std::move(arguments)}, {"id", id}}.dump() + "\n";
    // Commands are far smaller than a socket buffer: a short send means that QEMU is gone or stuck.
    const ssize_t sent = ::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent != static_cast<ssize_t>(line.size())) return errno_error("send to", "QEMU's control socket", errno);
    return id;
}

bool Qmp::receive() {
    std::array<char, 16384> chunk{};
    while (true) {
        const ssize_t count = ::recv(socket_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) break;
        if (count <= 0) return false;
        buffer_.append(chunk.data(), static_cast<std::size_t>(count));
    }
    for (auto end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n')) {
        json message = json::parse(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
        buffer_.erase(0, end + 1);
        if (!message.is_object()) continue;
        if (message.contains("event"))
            events_.push_back(std::move(message));
        else if (message.contains("id"))
            replies_.push_back(std::move(message));
    }
    return true;
}

std::vector<json> Qmp::take_events() { return std::exchange(events_, {}); }

Result<json> Qmp::wait_reply(int id, int timeout_ms) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    while (true) {
        const auto reply =
            std::find_if(replies_.begin(), replies_.end(), [id](const json& r) { return r["id"] == id; });
        if (reply != replies_.end()) {
            const json message = std::move(*reply);
            replies_.erase(reply);
            if (message.contains("return")) return message["return"];
            return Error{"QEMU refused: " + message.value("/error/desc"_json_pointer, std::string("no reason given"))};
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd entry{socket_.get(), POLLIN, 0};
        if (left.count() <= 0 || ::poll(&entry, 1, static_cast<int>(left.count())) == 0)
            return Error{"QEMU did not answer within " + std::to_string(timeout_ms) + " ms"};
        if (!receive()) return Error{"QEMU closed its control socket"};
    }
}

} // namespace ktstr::vmm
