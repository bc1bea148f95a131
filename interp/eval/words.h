// SPDX-License-Identifier: GPL-2.0-only
// Pieces of what the evaluator says. Private to the room.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ktstr::eval {

std::string number_text(double value);                           // whole numbers as they are, others with six digits
std::string time_text(std::int64_t ns);                          // "+850 ms"
std::string counted(std::size_t count, const std::string& what); // "1 sample", "2 samples"
std::string listed(const std::vector<std::string>& texts, const std::string& between = ", ");
void add_once(std::vector<std::string>& texts, const std::string& text);

} // namespace ktstr::eval
