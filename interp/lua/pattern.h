// SPDX-License-Identifier: GPL-2.0-only
// Lua patterns (Lua 5.4 reference manual, section 6.4.1), matched with every step counted. The matcher of Lua's own
// string library cannot be stopped: a pattern of a dozen `a*` takes longer than anyone waits.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "interp/lua/meter.h"

namespace ktstr::lua {

class PatternMatcher {
  public:
    struct Capture {
        static constexpr std::ptrdiff_t open = -1;     // its ')' is not reached yet
        static constexpr std::ptrdiff_t position = -2; // "()": stands for `start` itself
        const char* start = nullptr;
        std::ptrdiff_t length = open;
    };

    // `pattern` without a leading anchor: who searches sees to it. Both views must outlive the matcher.
    PatternMatcher(std::string_view subject, std::string_view pattern, Meter& meter);

    // The end of a match that begins at `start` (offsets into the subject), with its captures; nothing if there is
    // none, if the pattern turned out malformed (problem()) or if the meter ran out.
    std::optional<std::size_t> match_at(std::size_t start);

    [[nodiscard]] const char* problem() const { return problem_; } // nullptr: none so far
    [[nodiscard]] int capture_count() const { return count_; }
    [[nodiscard]] const Capture& capture(int index) const { return captures_.at(static_cast<std::size_t>(index)); }

  private:
    static constexpr int max_captures = 32;
    static constexpr int max_depth = 200;

    const char* match(const char* at, const char* pattern);
    const char* match_here(const char* at, const char* pattern);
    const char* match_escape(const char*& at, const char*& pattern, bool& go_on);
    const char* match_item(const char*& at, const char*& pattern, bool& go_on);
    const char* match_longest(const char* at, const char* item, const char* item_end);
    const char* match_shortest(const char* at, const char* item, const char* item_end);
    const char* match_balanced(const char* at, const char* pair);
    const char* match_same(const char* at, char digit);
    const char* open_capture(const char* at, const char* pattern, std::ptrdiff_t kind);
    const char* close_capture(const char* at, const char* pattern);
    bool at_frontier(const char* at, const char* set, const char* set_end);
    bool matches_one(const char* at, const char* item, const char* item_end);
    bool in_set(unsigned char c, const char* set, const char* last);
    const char* item_end(const char* item);
    const char* fail(const char* problem);
    [[nodiscard]] char at(const char* pattern) const { return pattern < pattern_end_ ? *pattern : '\0'; }

    const char* begin_;
    const char* end_;
    const char* pattern_;
    const char* pattern_end_;
    Meter& meter_;
    const char* problem_ = nullptr;
    int depth_ = 0;
    int count_ = 0;
    std::array<Capture, max_captures> captures_;
};

} // namespace ktstr::lua
