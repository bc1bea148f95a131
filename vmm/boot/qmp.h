// SPDX-License-Identifier: GPL-2.0-only
// QEMU's machine protocol (docs/interop/qmp-spec.rst) on a connected socket, without blocking: the owner polls the
// descriptor, calls receive(), and takes what has come.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr::vmm {

class Qmp {
  public:
    Qmp() = default;
    // `socket` is connected to a QMP chardev. Negotiates capabilities: commands may be sent at once.
    explicit Qmp(Fd socket);

    [[nodiscard]] int fd() const { return socket_.get(); }
    // Sends a command; its reply comes as an object with "return" or "error" and this command's id.
    Result<int> execute(const std::string& command, nlohmann::json arguments = nlohmann::json::object());
    // Reads what is there. False when QEMU has closed the connection.
    bool receive();
    // Events since the last call: {"event": ..., "data": ...}.
    std::vector<nlohmann::json> take_events();
    // Waits for the reply to `id`, at most `timeout_ms`: its "return" value, or the error's description.
    Result<nlohmann::json> wait_reply(int id, int timeout_ms);

  private:
    Fd socket_;
    std::string buffer_;
    std::vector<nlohmann::json> events_;
    std::vector<nlohmann::json> replies_;
    int next_id_ = 1;
};

} // namespace ktstr::vmm
