// SPDX-License-Identifier: GPL-2.0-only
// "Did you mean": the name closest to a misspelt one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ktstr {

// Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

// To look through more would take longer than the hint is worth.
constexpr std::size_t most_candidates = 10'000;

// "did you mean `spin_wait`?", or empty when nothing is close (more than a third of the letters differ) or there are
// more than most_candidates.
std::string suggest(std::string_view word, const std::vector<std::string>& candidates);

} // namespace ktstr
