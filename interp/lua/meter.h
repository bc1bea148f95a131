// SPDX-License-Identifier: GPL-2.0-only
// What a check may still do: instructions of Lua, and work done for it in C++ that is charged as instructions.
#pragma once

#include <cstdint>

namespace ktstr::lua {

class Meter {
  public:
    enum class Exhausted { none, instructions, cpu_time };

    // The CPU time is the calling thread's, counted from here.
    Meter(std::uint64_t instructions, std::uint64_t cpu_ms);

    // False from the moment that a limit is reached. Looks at the clock once in 16,384 units.
    bool spend(std::uint64_t cost) {
        if (exhausted_ != Exhausted::none) return false;
        if (cost > left_) {
            exhausted_ = Exhausted::instructions;
            return false;
        }
        left_ -= cost;
        unpolled_ += cost;
        return unpolled_ < poll_interval || in_time();
    }
    [[nodiscard]] Exhausted exhausted() const { return exhausted_; }

  private:
    static constexpr std::uint64_t poll_interval = 1 << 14;
    bool in_time();

    std::uint64_t left_;
    std::uint64_t deadline_ns_;
    std::uint64_t unpolled_ = 0;
    Exhausted exhausted_ = Exhausted::none;
};

} // namespace ktstr::lua
