// SPDX-License-Identifier: GPL-2.0-only
#include "interp/lua/pattern.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace ktstr::lua {

namespace {

bool in_class(unsigned char c, char letter) {
    const int lower = std::tolower(static_cast<unsigned char>(letter));
    bool is = false;
    switch (lower) {
    case 'a': is = std::isalpha(c) != 0; break;
    case 'c': is = std::iscntrl(c) != 0; break;
    case 'd': is = std::isdigit(c) != 0; break;
    case 'g': is = std::isgraph(c) != 0; break;
    case 'l': is = std::islower(c) != 0; break;
    case 'p': is = std::ispunct(c) != 0; break;
    case 's': is = std::isspace(c) != 0; break;
    case 'u': is = std::isupper(c) != 0; break;
    case 'w': is = std::isalnum(c) != 0; break;
    case 'x': is = std::isxdigit(c) != 0; break;
    case 'z': is = c == 0; break; // no longer in the manual, still in Lua
    default: return static_cast<unsigned char>(letter) == c;
    }
    return (std::isupper(static_cast<unsigned char>(letter)) != 0) != is;
}

bool between(char low, unsigned char c, char high) {
    return static_cast<unsigned char>(low) <= c && c <= static_cast<unsigned char>(high);
}

} // namespace

PatternMatcher::PatternMatcher(std::string_view subject, std::string_view pattern, Meter& meter)
    : begin_(subject.data()), end_(subject.data() + subject.size()), pattern_(pattern.data()),
      pattern_end_(pattern.data() + pattern.size()), meter_(meter) {}

std::optional<std::size_t> PatternMatcher::match_at(std::size_t start) {
    count_ = 0;
    depth_ = 0;
    const char* found = match(begin_ + start, pattern_);
    if (found == nullptr || problem_ != nullptr) return std::nullopt;
    return static_cast<std::size_t>(found - begin_);
}

const char* PatternMatcher::fail(const char* problem) {
    if (problem_ == nullptr) problem_ = problem;
    return nullptr;
}

const char* PatternMatcher::match(const char* at, const char* pattern) {
    if (depth_ == max_depth) return fail("the pattern is too complex");
    ++depth_;
    const char* found = match_here(at, pattern);
    --depth_;
    return found;
}

// Walks along the pattern as long as each item has only one way to match; what has several calls match() for the rest.
const char* PatternMatcher::match_here(const char* at, const char* pattern) {
    bool go_on = true;
    while (go_on) {
        if (pattern == pattern_end_) return at;
        if (problem_ != nullptr || !meter_.spend(1)) return nullptr;
        const char* result = nullptr;
        go_on = false;
        if (*pattern == '(') {
            const bool position = this->at(pattern + 1) == ')';
            result = open_capture(at, pattern + (position ? 2 : 1), position ? Capture::position : Capture::open);
        } else if (*pattern == ')') {
            result = close_capture(at, pattern + 1);
        } else if (*pattern == '$' && pattern + 1 == pattern_end_) {
            result = at == end_ ? at : nullptr;
        } else if (*pattern == '%') {
            result = match_escape(at, pattern, go_on);
        } else {
            result = match_item(at, pattern, go_on);
        }
        if (!go_on) return result;
    }
    return nullptr;
}

// %b, %f and %1; every other escape is an item.
const char* PatternMatcher::match_escape(const char*& at, const char*& pattern, bool& go_on) {
    const char letter = this->at(pattern + 1);
    if (letter == 'b') {
        if (pattern_end_ - pattern < 4) return fail("the pattern's %b lacks its two characters");
        at = match_balanced(at, pattern + 2);
        pattern += 4;
    } else if (letter == 'f') {
        const char* set = pattern + 2;
        if (this->at(set) != '[') return fail("the pattern's %f lacks its '['");
        pattern = item_end(set);
        if (pattern == nullptr || !at_frontier(at, set, pattern)) return nullptr;
    } else if (std::isdigit(static_cast<unsigned char>(letter)) != 0) {
        at = match_same(at, letter);
        pattern += 2;
    } else {
        return match_item(at, pattern, go_on);
    }
    go_on = at != nullptr;
    return nullptr;
}

// One character, class or set, with what follows it: ? * + - or nothing.
const char* PatternMatcher::match_item(const char*& at, const char*& pattern, bool& go_on) {
    const char* item = pattern;
    const char* after = item_end(item);
    if (after == nullptr) return nullptr;
    const char suffix = this->at(after);
    if (suffix == '-') return match_shortest(at, item, after);
    if (suffix == '*') return match_longest(at, item, after);
    const bool one = matches_one(at, item, after);
    if (suffix == '+') return one ? match_longest(at + 1, item, after) : nullptr;
    if (suffix == '?') {
        if (one)
            if (const char* found = match(at + 1, after + 1)) return found;
        pattern = after + 1;
        go_on = true;
        return nullptr;
    }
    if (!one) return nullptr;
    ++at;
    pattern = after;
    go_on = true;
    return nullptr;
}

const char* PatternMatcher::match_longest(const char* at, const char* item, const char* item_end) {
    const char* furthest = at;
    while (matches_one(furthest, item, item_end)) ++furthest;
    for (; furthest >= at; --furthest) {
        if (const char* found = match(furthest, item_end + 1)) return found;
        if (problem_ != nullptr || !meter_.spend(1)) return nullptr;
        if (furthest == at) break; // before the subject's first byte there is nothing to point to
    }
    return nullptr;
}

const char* PatternMatcher::match_shortest(const char* at, const char* item, const char* item_end) {
    for (;;) {
        if (const char* found = match(at, item_end + 1)) return found;
        if (problem_ != nullptr || !matches_one(at, item, item_end)) return nullptr;
        ++at;
    }
}

const char* PatternMatcher::match_balanced(const char* at, const char* pair) {
    if (at == end_ || *at != pair[0]) return nullptr;
    std::size_t open = 1;
    for (const char* s = at + 1; s < end_; ++s) {
        if (!meter_.spend(1)) return nullptr;
        if (*s == pair[1]) {
            if (--open == 0) return s + 1;
        } else if (*s == pair[0]) {
            ++open;
        }
    }
    return nullptr;
}

const char* PatternMatcher::match_same(const char* at, char digit) {
    const int index = digit - '1';
    if (index < 0 || index >= count_ || capture(index).length == Capture::open)
        return fail("the pattern refers to a capture that is not there");
    const Capture& earlier = capture(index);
    // A position capture is no text: nothing can be the same as it.
    if (earlier.length == Capture::position || end_ - at < earlier.length) return nullptr;
    if (!meter_.spend(static_cast<std::uint64_t>(earlier.length) / 8)) return nullptr;
    const auto length = static_cast<std::size_t>(earlier.length);
    return std::memcmp(earlier.start, at, length) == 0 ? at + length : nullptr;
}

const char* PatternMatcher::open_capture(const char* at, const char* pattern, std::ptrdiff_t kind) {
    if (count_ == max_captures) return fail("the pattern has too many captures");
    captures_.at(static_cast<std::size_t>(count_)) = {at, kind};
    ++count_;
    const char* found = match(at, pattern);
    if (found == nullptr) --count_;
    return found;
}

const char* PatternMatcher::close_capture(const char* at, const char* pattern) {
    int index = count_ - 1;
    while (index >= 0 && capture(index).length != Capture::open) --index;
    if (index < 0) return fail("the pattern closes a capture that was not opened");
    auto& closing = captures_.at(static_cast<std::size_t>(index));
    closing.length = at - closing.start;
    const char* found = match(at, pattern);
    if (found == nullptr) closing.length = Capture::open;
    return found;
}

// Before the subject and behind it stands a NUL.
bool PatternMatcher::at_frontier(const char* at, const char* set, const char* set_end) {
    const char before = at == begin_ ? '\0' : at[-1];
    const char here = at == end_ ? '\0' : *at;
    return !in_set(static_cast<unsigned char>(before), set, set_end - 1) &&
           in_set(static_cast<unsigned char>(here), set, set_end - 1);
}

bool PatternMatcher::matches_one(const char* at, const char* item, const char* item_end) {
    if (at == end_ || !meter_.spend(1)) return false;
    const auto c = static_cast<unsigned char>(*at);
    switch (*item) {
    case '.': return true;
    case '%': return in_class(c, item[1]);
    case '[': return in_set(c, item, item_end - 1);
    default: return static_cast<unsigned char>(*item) == c;
    }
}

// `set` points to the '[', `last` to the ']' that ends it.
bool PatternMatcher::in_set(unsigned char c, const char* set, const char* last) {
    if (!meter_.spend(static_cast<std::uint64_t>(last - set))) return false;
    bool found_means = true;
    const char* p = set + 1;
    if (*p == '^') {
        found_means = false;
        ++p;
    }
    while (p < last) {
        if (*p == '%') {
            if (in_class(c, p[1])) return found_means;
            p += 2;
        } else if (p[1] == '-' && p + 2 < last) {
            if (between(p[0], c, p[2])) return found_means;
            p += 3;
        } else {
            if (static_cast<unsigned char>(*p) == c) return found_means;
            ++p;
        }
    }
    return !found_means;
}

// Where the single character, class or set that begins at `item` ends; nullptr and a problem if it does not.
const char* PatternMatcher::item_end(const char* item) {
    const char* p = item + 1;
    if (*item == '%') return p == pattern_end_ ? fail("the pattern ends with '%'") : p + 1;
    if (*item != '[') return p;
    if (at(p) == '^') ++p;
    bool first = true; // a ']' right behind the '[' is one of the set
    while (p < pattern_end_ && (first || *p != ']')) {
        p += *p == '%' ? 2 : 1;
        first = false;
    }
    return p >= pattern_end_ ? fail("the pattern's '[' lacks its ']'") : p + 1;
}

} // namespace ktstr::lua
