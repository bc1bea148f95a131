// SPDX-License-Identifier: GPL-2.0-only
// Numbers for people: three significant digits and a unit. For messages only; JSON carries the plain number.
#pragma once

#include <string>
#include <string_view>

namespace ktstr::eval {

std::string human_duration(double ns); // "850 ns", "12.3 us", "4.56 ms", "3.1 s", "2 min 5 s"
std::string human_ratio(double ratio); // 0.224 -> "22.4 %"
std::string human_rate(double per_second, std::string_view unit = "/s"); // "960 /s", "12.5 k/s", "1.25 M/s"
std::string human_count(double count);                                   // "960", "12.5 k", "1.25 M"

} // namespace ktstr::eval
