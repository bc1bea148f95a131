// SPDX-License-Identifier: GPL-2.0-only
// A comparison for people, to be pasted into a mail, and for programs.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "report/text.h"
#include "stats/compare.h"

namespace ktstr::stats {

struct TextOptions {
    report::Style style;
    std::size_t columns = 80;
    bool all = false;    // also what did not change, or cannot be judged; and all rows of long tables
    bool judged = false; // also what was judged and did not change
};

// What changed in verdicts, then the metrics of each scenario, what was left out, and one line of conclusion.
std::string comparison_text(const Comparison& comparison, const TextOptions& options);
std::string conclusion(const Comparison& comparison);
// {"a", "b", "level", "conclusion", "regressed", "can_be_judged", "scenarios": [...], "only_a", "only_b"}
nlohmann::json comparison_json(const Comparison& comparison);

} // namespace ktstr::stats
