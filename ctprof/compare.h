// SPDX-License-Identifier: GPL-2.0-only
// Two captures side by side: threads joined by process name and thread name.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "ctprof/capture.h"

namespace ktstr::ctprof {

// Every run of digits replaced: "worker/12" -> "worker/{N}".
std::string name_pattern(std::string_view name);

// The threads of one name in one process name, in one capture.
struct GroupSum {
    std::size_t threads = 0;
    std::array<std::uint64_t, counters.size()> values{}; // what is absent counts as 0

    [[nodiscard]] std::uint64_t count(Counter counter) const { return values.at(static_cast<std::size_t>(counter)); }
};

struct ComparedGroup {
    std::string process; // names, or their pattern where several names of the two captures have the same
    std::string thread;
    GroupSum before;
    GroupSum after;

    // Saturates at the ends of the range.
    [[nodiscard]] std::int64_t delta(Counter counter) const;
    // Of `before`; none if that is 0.
    [[nodiscard]] std::optional<double> percent(Counter counter) const;
    [[nodiscard]] bool changed() const;
};

// By process, then thread.
std::vector<ComparedGroup> compare(const Capture& before, const Capture& after);

} // namespace ktstr::ctprof
