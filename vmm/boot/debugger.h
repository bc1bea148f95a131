// SPDX-License-Identifier: GPL-2.0-only
// Write watchpoints and breakpoints through QEMU's gdbstub: the GDB remote serial protocol (GDB manual, appendix E), as
// little of it as that takes.
//
// QEMU answers packets only while the vCPUs stand still, and tells of a stop only once after each `c`
// (gdbstub/system.c): so a machine with a debugger is resumed with continue_all(), and each stop has one reply, which
// next_stop() gives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr::vmm {

class Debugger {
  public:
    Debugger() = default;
    explicit Debugger(Fd socket) : socket_(std::move(socket)) {}

    [[nodiscard]] int fd() const { return socket_.get(); }
    // 1, 2, 4 or 8 bytes at a kernel address. Refused by KVM beyond four.
    Result<void> watch(std::uint64_t address, std::uint64_t bytes);
    Result<void> unwatch(std::uint64_t address, std::uint64_t bytes);
    // Stops before the instruction at that address is executed. To be taken away before the machine goes on from there.
    Result<void> break_at(std::uint64_t address);
    Result<void> unbreak(std::uint64_t address);
    Result<void> continue_all();

    struct Stop {
        bool watchpoint = false;
        std::uint64_t address = 0; // of the write
        bool breakpoint = false;
    };
    // The reply to a stop that has come, after at most `timeout_ms`; none: nothing has come.
    Result<std::optional<Stop>> next_stop(int timeout_ms);

  private:
    Result<void> send(const std::string& packet);
    Result<std::optional<std::string>> receive(int timeout_ms);
    Result<void> expect_ok(const std::string& packet);
    Fd socket_;
    std::string received_;
};

} // namespace ktstr::vmm
