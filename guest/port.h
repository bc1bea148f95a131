// SPDX-License-Identifier: GPL-2.0-only
// The executor's end of the virtio-serial port: frames out through a queue that never blocks, frames in.
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "wire/frame.h"

namespace ktstr::guest {

class Port {
  public:
    // Waits until the port of that name has appeared in /sys/class/virtio-ports, and opens it.
    static Result<Port> open(const std::string& name, std::uint64_t timeout_ns);

    explicit Port(Fd fd) : fd_(std::move(fd)) {} // of a non-blocking descriptor

    [[nodiscard]] int fd() const { return fd_.get(); }
    // Queues a frame and writes as much as the port takes now.
    void send(wire::FrameType type, std::string_view payload);
    [[nodiscard]] std::size_t queued_bytes() const { return queue_.size() - written_; }
    // To be called when the descriptor can be written to.
    void write_queue();
    // Sends the last frame: returns when the host has it and all before it, or after `timeout_ns`.
    void send_last(wire::FrameType type, std::string_view payload, std::uint64_t timeout_ns);

    // To be called when the descriptor can be read from. False if nobody is at the other end.
    bool read_some();
    // The next frame that has come in whole.
    Result<std::optional<wire::Frame>> next_frame() { return decoder_.next(); }

  private:
    Fd fd_;
    wire::FrameDecoder decoder_;
    std::string queue_;
    std::size_t written_ = 0; // bytes of queue_ that are out already
    std::uint32_t sequence_ = 0;
};

} // namespace ktstr::guest
