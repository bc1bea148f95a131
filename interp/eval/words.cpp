// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/words.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "interp/eval/units.h"

namespace ktstr::eval {

std::string number_text(double value) {
    constexpr double exact = 1e15;
    if (std::isnan(value)) return "not a number";
    if (std::isinf(value)) return value > 0 ? "infinite" : "-infinite";
    std::array<char, 64> text{};
    const bool whole = std::trunc(value) == value && std::fabs(value) < exact;
    std::snprintf(text.data(), text.size(), whole ? "%.0f" : "%.6g", value == 0 ? 0 : value);
    return text.data();
}

std::string time_text(std::int64_t ns) { return (ns < 0 ? "" : "+") + human_duration(static_cast<double>(ns)); }

std::string counted(std::size_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string listed(const std::vector<std::string>& texts, const std::string& between) {
    std::string all;
    for (const auto& text : texts) all += (all.empty() ? "" : between) + text;
    return all;
}

void add_once(std::vector<std::string>& texts, const std::string& text) {
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
}

} // namespace ktstr::eval
