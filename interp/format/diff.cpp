// SPDX-License-Identifier: GPL-2.0-only
// E. W. Myers, An O(ND) Difference Algorithm and Its Variations, Algorithmica 1 (1986), the greedy one. Its cost grows
// with the square of the differences; so after so many it settles for the path that came furthest, and begins anew
// there.
#include "interp/format/diff.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ktstr::format {

namespace {

constexpr int most_differences = 256; // before the search settles for a path
constexpr std::size_t context = 3;

using LineViews = std::vector<std::string_view>; // with their line ends

LineViews lines_of(std::string_view text) {
    LineViews lines;
    while (!text.empty()) {
        const std::size_t length = std::min(text.find('\n'), text.size() - 1) + 1;
        lines.push_back(text.substr(0, length));
        text.remove_prefix(length);
    }
    return lines;
}

// Numbers for lines, equal ones for equal lines.
class Numbers {
  public:
    std::vector<std::uint32_t> of(const LineViews& lines) {
        std::vector<std::uint32_t> numbers;
        numbers.reserve(lines.size());
        for (const auto line : lines)
            numbers.push_back(known_.emplace(line, static_cast<std::uint32_t>(known_.size())).first->second);
        return numbers;
    }

  private:
    std::unordered_map<std::string_view, std::uint32_t> known_;
};

// Which lines are in one of the two texts only.
class Comparison {
  public:
    Comparison(std::vector<std::uint32_t> a, std::vector<std::uint32_t> b)
        : removed(a.size()), added(b.size()), a_(std::move(a)), b_(std::move(b)) {
        for (int x = 0, y = 0; x < size(a_) || y < size(b_);) search(x, y);
    }

    std::vector<bool> removed; // from the first
    std::vector<bool> added;   // to the second

  private:
    using Furthest = std::array<int, 2 * most_differences + 3>; // x by diagonal x - y, from the search's start

    static constexpr int middle = most_differences + 1;
    static int size(const std::vector<std::uint32_t>& lines) { return static_cast<int>(lines.size()); }
    static std::size_t index(int number) { return static_cast<std::size_t>(number); }

    // The best place on diagonal `k` after one more difference, from the places before it: by a line of the first text
    // left out, or by one of the second put in. -1: there is no way.
    struct Step {
        int removing = -1;
        int adding = -1;
    };
    [[nodiscard]] Step step(const Furthest& before, int x, int y, int k) const {
        const int left = before[middle + k - 1];
        const int right = before[middle + k + 1];
        return {left >= 0 && x + left < size(a_) ? left + 1 : -1, right >= 0 && y + right - k <= size(b_) ? right : -1};
    }

    // From (x, y) to the end, or as far as it gets; moves (x, y) there.
    void search(int& x, int& y) {
        rounds_.clear();
        Furthest furthest;
        furthest.fill(-1);
        for (int d = 0;; ++d) {
            const Furthest before = furthest;
            int best = 0;
            int most = -1;
            for (int k = -d; k <= d; k += 2) {
                const Step from = step(before, x, y, k);
                int here = d == 0 ? 0 : std::max(from.removing, from.adding);
                while (here >= 0 && x + here < size(a_) && y + here - k < size(b_) &&
                       a_[index(x + here)] == b_[index(y + here - k)])
                    ++here;
                furthest[middle + k] = here;
                if (here >= 0 && 2 * here - k > most) {
                    most = 2 * here - k;
                    best = k;
                }
            }
            if (d > 0) rounds_.push_back(before);
            const int end = furthest[middle + best];
            if (d == most_differences || (x + end == size(a_) && y + end - best == size(b_)))
                return trace(x, y, d, best, end);
        }
    }

    // Marks the steps that led to `x_end` on diagonal `k` after `d` differences.
    void trace(int& x, int& y, int d, int k, int x_end) {
        const int x_begin = std::exchange(x, x + x_end);
        const int y_begin = std::exchange(y, y + x_end - k);
        for (; d > 0; --d) {
            const Step from = step(rounds_[index(d - 1)], x_begin, y_begin, k);
            if (from.removing > from.adding) {
                removed[index(x_begin + from.removing - 1)] = true;
                --k;
            } else {
                added[index(y_begin + from.adding - k - 1)] = true;
                ++k;
            }
        }
    }

    std::vector<std::uint32_t> a_, b_;
    std::vector<Furthest> rounds_; // what was furthest before each difference
};

struct Edit {
    char sign; // ' ', '-', '+'
    std::string_view line;
};

std::vector<Edit> edits_of(const LineViews& a, const LineViews& b, const Comparison& comparison) {
    std::vector<Edit> edits;
    for (std::size_t x = 0, y = 0; x < a.size() || y < b.size();) {
        if (x < a.size() && comparison.removed[x]) {
            edits.push_back({'-', a[x++]});
        } else if (y < b.size() && comparison.added[y]) {
            edits.push_back({'+', b[y++]});
        } else {
            edits.push_back({' ', a[x++]});
            ++y;
        }
    }
    return edits;
}

// Writes edits as hunks.
class Hunks {
  public:
    explicit Hunks(const std::vector<Edit>& edits) : edits_(edits) {}

    std::string write() {
        for (std::size_t i = 0; i < edits_.size(); ++i)
            if (edits_[i].sign != ' ') i = hunk(i) - 1;
        return std::move(text_);
    }

  private:
    // The hunk whose first change is at `change`; returns its end.
    std::size_t hunk(std::size_t change) {
        const std::size_t begin = change - std::min(change, context);
        std::size_t last = change;
        for (std::size_t i = change; i < edits_.size() && i <= last + 2 * context + 1; ++i)
            if (edits_[i].sign != ' ') last = i;
        const std::size_t end = std::min(last + context + 1, edits_.size());
        pass(begin);
        const std::string old_range = range(old_line_, begin, end, '+');
        const std::string new_range = range(new_line_, begin, end, '-');
        text_ += "@@ -" + old_range + " +" + new_range + " @@\n";
        for (std::size_t i = begin; i < end; ++i) {
            (text_ += edits_[i].sign) += edits_[i].line;
            if (edits_[i].line.back() != '\n') text_ += "\n\\ No newline at end of file\n";
        }
        return end;
    }

    // Counts the lines before edit `end`.
    void pass(std::size_t end) {
        for (; passed_ < end; ++passed_) {
            if (edits_[passed_].sign != '+') ++old_line_;
            if (edits_[passed_].sign != '-') ++new_line_;
        }
    }

    // "first,count" of the lines of one text; `other` is the sign of those that it does not have.
    [[nodiscard]] std::string range(std::size_t lines_before, std::size_t begin, std::size_t end, char other) const {
        std::size_t count = 0;
        for (std::size_t i = begin; i < end; ++i)
            if (edits_[i].sign != other) ++count;
        const std::string first = std::to_string(count == 0 ? lines_before : lines_before + 1);
        return count == 1 ? first : first + "," + std::to_string(count);
    }

    const std::vector<Edit>& edits_;
    std::string text_;
    std::size_t passed_ = 0;
    std::size_t old_line_ = 0;
    std::size_t new_line_ = 0;
};

} // namespace

std::string unified_diff(std::string_view before, std::string_view after, std::string_view name) {
    if (before == after) return "";
    const LineViews a = lines_of(before);
    const LineViews b = lines_of(after);
    Numbers numbers;
    auto a_numbers = numbers.of(a);
    const Comparison comparison(std::move(a_numbers), numbers.of(b));
    std::string text = "--- " + std::string(name) + "\n+++ " + std::string(name) + "\n";
    return text += Hunks(edits_of(a, b, comparison)).write();
}

} // namespace ktstr::format
