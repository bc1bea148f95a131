// SPDX-License-Identifier: GPL-2.0-only
// What a program writes, without end: its beginning and its end are kept, what lies between is counted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ktstr::guest {

class BoundedOutput {
  public:
    static constexpr std::size_t default_limit = 1U << 20U;
    // Keeps at most `limit` bytes, half of them from the beginning.
    explicit BoundedOutput(std::size_t limit = default_limit) : half_(limit / 2) {}

    void append(std::string_view bytes);
    [[nodiscard]] std::uint64_t total_bytes() const { return total_; }
    [[nodiscard]] std::uint64_t dropped_bytes() const;
    // All that is kept, with a line in the gap that says how much is missing. Not necessarily UTF-8.
    [[nodiscard]] std::string text() const;

  private:
    [[nodiscard]] std::string_view tail() const; // the part of tail_ that counts

    std::size_t half_;
    std::string head_;
    std::string tail_; // up to two halves, so that it is cut rarely
    std::uint64_t total_ = 0;
};

} // namespace ktstr::guest
