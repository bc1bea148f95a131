// SPDX-License-Identifier: GPL-2.0-only
#include "interp/diagnostics/suggest.h"

#include <algorithm>

namespace ktstr {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before_last.swap(last);
        last.swap(row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
    }
    return row[b.size()];
}

std::string suggest(std::string_view word, const std::vector<std::string>& candidates) {
    constexpr std::size_t longest_worth_a_look = 64; // the distance takes quadratic time
    if (word.size() > longest_worth_a_look || candidates.size() > most_candidates) return {};
    std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
    const std::string* best = nullptr;
    for (const auto& candidate : candidates) {
        if (candidate.size() > longest_worth_a_look) continue;
        if (std::max(candidate.size(), word.size()) - std::min(candidate.size(), word.size()) >= best_distance)
            continue;
        const std::size_t distance = edit_distance(word, candidate);
        if (distance >= best_distance) continue;
        best_distance = distance;
        best = &candidate;
    }
    return best == nullptr ? std::string() : "did you mean `" + *best + "`?";
}

} // namespace ktstr
