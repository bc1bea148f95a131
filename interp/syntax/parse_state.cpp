// SPDX-License-Identifier: GPL-2.0-only
#include "interp/syntax/parse_state.h"

#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>

#include "interp/diagnostics/suggest.h"

namespace ktstr::syntax {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return is_word_start(c) || is_digit(c); }

// "`of`", "`of` or `{`", "one of `a`, `b` or `c`".
std::string alternatives(const std::vector<std::string_view>& words) {
    std::string text = words.size() > 2 ? "one of " : "";
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
        text += words[i];
    }
    return text;
}

// What other languages write, and what it is here.
const std::map<std::string_view, std::string_view>& habits() {
    constexpr std::string_view chained = "a comparison has two sides; join two of them with `and`";
    static const std::map<std::string_view, std::string_view> hints = {
        {"=", "values are compared with `==`"},
        {"<", chained},
        {"<=", chained},
        {">", chained},
        {">=", chained},
        {"==", chained},
        {"!=", chained},
        {"&&", "`and` joins conditions"},
        {"||", "`or` joins conditions"},
        {"!", "`not` negates a condition"},
        {";", "statements need nothing between them"},
        {"'", "strings stand in double quotes"},
        {"//", "a comment begins with #"},
        {"/*", "a comment goes from # to the end of its line"},
        {"->", ""}};
    return hints;
}

// A word at the beginning of a line that does not go on with the line before.
bool begins_formula(std::string_view word) {
    static const std::unordered_set<std::string_view> joining = {"and", "or",  "implies", "until",  "within",   "after",
                                                                 "by",  "for", "samples", "steady", "converges"};
    return !word.empty() && joining.count(word) == 0;
}

// How many blocks a string opens that is not closed on its line: scenario "load {
std::size_t swallowed_braces(std::string_view text) {
    if (text.size() > 1 && text.back() == '"') return 0;
    const auto open = std::count(text.begin(), text.end(), '{');
    return static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, open - std::count(text.begin(), text.end(), '}')));
}

} // namespace

ParseState::ParseState(const SourceFile& source, Diagnostics& diagnostics)
    : source_(source), text_(source.text()), long_strings_(text_), diagnostics_(diagnostics) {
    tree_.reserve(text_.size() / 4 + 16);
}

std::size_t ParseState::skip_gap(std::size_t offset) {
    if (offset == gap_from_) return gap_to_;
    std::size_t i = offset;
    while (i < text_.size() && (is_blank(text_[i]) || text_[i] == '#')) {
        if (text_[i] == '#')
            i = std::min(text_.find('\n', i), text_.size());
        else
            ++i;
    }
    gap_from_ = offset;
    gap_to_ = i;
    return i;
}

std::string_view ParseState::word_at(std::size_t offset) {
    if (offset == word_from_) return word_;
    std::size_t end = offset;
    if (end < text_.size() && is_word_start(text_[end]))
        while (end < text_.size() && is_word(text_[end])) ++end;
    word_from_ = offset;
    word_ = text_.substr(std::min(offset, text_.size()), end - offset);
    return word_;
}

std::size_t ParseState::open(Kind kind, std::size_t begin) {
    tree_.push_back({kind, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(begin), 0});
    return tree_.size() - 1;
}

void ParseState::close(std::size_t index, std::size_t end) {
    tree_[index].end = std::max(tree_[index].begin, static_cast<std::uint32_t>(end));
    tree_[index].next = static_cast<std::uint32_t>(tree_.size());
}

void ParseState::wrap(std::size_t index, Kind kind, std::size_t begin, std::size_t end) {
    tree_.insert(tree_.begin() + static_cast<std::ptrdiff_t>(index),
                 {kind, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), 0});
    for (std::size_t i = index + 1; i < tree_.size(); ++i) ++tree_[i].next;
    tree_[index].next = static_cast<std::uint32_t>(tree_.size());
}

bool ParseState::enter(std::size_t offset) {
    if (depth_ < max_nesting) {
        ++depth_;
        return true;
    }
    const std::size_t at = skip_gap(offset);
    too_deep_ = true;
    diagnostics_.add(Code::nested_too_deep, token_at(at),
                     "this is nested deeper than " + std::to_string(max_nesting) + " levels");
    return false;
}

void ParseState::expected(std::size_t offset, std::string_view what) {
    if (offset < furthest_ || offset == hushed_) return;
    if (offset > furthest_) {
        furthest_ = offset;
        expected_.clear();
    }
    if (!what.empty() && std::find(expected_.begin(), expected_.end(), what) == expected_.end())
        expected_.push_back(what);
}

Span ParseState::token_at(std::size_t offset) {
    std::size_t end = long_string_end(std::min(offset, text_.size()));
    if (end > offset) return span(offset, end);
    if (end < text_.size() && is_word(text_[end])) {
        while (end < text_.size() && is_word(text_[end])) ++end;
    } else if (end < text_.size() && text_[end] == '"') {
        end = std::min(text_.find_first_of("\"\n", end + 1), text_.size());
        if (end < text_.size() && text_[end] == '"') ++end;
    } else if (end + 1 < text_.size() && habits().count(text_.substr(end, 2)) > 0) {
        end += 2;
    } else if (end < text_.size()) {
        ++end;
        while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0U) == 0x80U) ++end;
    }
    return span(offset, end);
}

void ParseState::report_unknown_statement(std::size_t start, std::string_view context) {
    if (std::exchange(too_deep_, false)) return; // that nothing matched follows from it
    const Span found = token_at(start);
    std::vector<std::string> known;
    for (const auto what : expected_)
        if (what.front() == '`') known.emplace_back(what.substr(1, what.size() - 2));
    const std::string word(word_at(start));
    std::string hint = word.empty() ? std::string() : suggest(word, known);
    if (const auto habit = habits().find(found.text()); habit != habits().end()) hint = habit->second;
    if (hint.empty()) {
        hint = "what can stand here:";
        for (const auto& candidate : known) hint += (&candidate == &known.front() ? " " : ", ") + candidate;
    }
    if (!word.empty() && is_reserved(word))
        diagnostics_.add(Code::unknown_statement, found, "`" + word + "` cannot stand in " + std::string(context),
                         hint);
    else
        diagnostics_.add(Code::unknown_statement, found,
                         "`" + std::string(found.text()) + "` does not begin a statement of " + std::string(context),
                         hint);
}

void ParseState::report_unexpected(std::size_t at) {
    if (std::exchange(too_deep_, false)) return; // that nothing matched follows from it
    const Span found = token_at(at);
    const std::string_view text = found.text();
    if (report_unclosed(at, found)) return;
    std::string shown = text.empty() ? "the end of the file" : "`" + std::string(text.substr(0, 60)) + "`";
    std::string hint;
    const bool after_value = is_expected("a comparison (`<=`, `<`, `>=`, `>`, `==`, `!=`)") || is_expected("`{`");
    if (const auto habit = habits().find(text); habit != habits().end())
        if (after_value || text.find_first_of("=<>") == std::string_view::npos) hint = habit->second;
    if (text == "=" && is_expected("a value")) hint = "settings have no `=`, as in: duration 10s";
    if (is_reserved(text)) {
        shown = "the keyword " + shown;
        if (is_expected("a name") || is_expected("a cgroup")) hint = "a keyword cannot be a name";
    }
    const std::string wanted = expected_.empty() ? "something else" : alternatives(expected_);
    diagnostics_.add(Code::unexpected_token, found, "expected " + wanted + ", found " + shown, hint);
}

bool ParseState::is_expected(std::string_view what) const {
    return std::find(expected_.begin(), expected_.end(), what) != expected_.end();
}

// A string, a ${ in one, or a Lua block that has no end: whatever stands there is part of it.
bool ParseState::report_unclosed(std::size_t at, Span found) {
    const std::string_view text = found.text();
    if (is_expected("`[[`") && long_strings_.begins(at)) {
        const std::string opening(text_.substr(at, text_.find('[', at + 1) + 1 - at));
        diagnostics_.add(Code::unclosed_string, span(at, at + opening.size()), "the Lua program is not closed",
                         "end it with `]" + opening.substr(1, opening.size() - 2) + "]`");
        furthest_ = text_.size(); // all the rest is Lua
        return true;
    }
    const bool open_string = !text.empty() && text.front() == '"' && (text.size() < 2 || text.back() != '"');
    if (is_expected("the `}` of the `${`") && (open_string || begins_line(at))) {
        std::size_t end = at;
        while (!open_string && end > 1 && is_blank(text_[end - 1])) --end;
        diagnostics_.add(Code::unclosed_string, open_string ? found : span(end - 1, end),
                         "the `${` in this string is not closed", "end it with }; a dollar sign is written \\$");
        return true;
    }
    if (open_string)
        diagnostics_.add(Code::unclosed_string, found, "the string is not closed on its line",
                         "end it with \"; a line end in a string is written \\n");
    return open_string;
}

std::size_t ParseState::recover(std::size_t start, std::string_view context) {
    if (furthest_ <= start) {
        report_unknown_statement(start, context);
    } else {
        report_unexpected(furthest_);
        if (furthest_ >= text_.size()) unclosed_at_ = text_.size(); // that the blocks are open follows from it
    }
    return next_statement(std::max(furthest_, start), start, context == "an expect block");
}

// From the error on: up to a `}` that closes the surrounding block, or a reserved word that begins a line; over
// balanced blocks, strings and comments. Always moves on.
std::size_t ParseState::next_statement(std::size_t from, std::size_t start, bool lines) {
    std::size_t depth = 0;
    for (std::size_t i = skip_gap(from); i < text_.size(); i = skip_gap(i)) {
        const char c = text_[i];
        const bool may_stop = i > start && begins_line(i);
        if (may_stop && block_must_end(i)) return i;
        if (depth == 0 && may_stop && (begins_statement(word_at(i)) || (lines && begins_formula(word_at(i))))) return i;
        if (depth == 0 && i > start && c == '}' && !open_braces_.empty()) return i;
        if (c == '{') ++depth;
        if (c == '"') depth += swallowed_braces(token_at(i).text());
        if (c == '}' && depth > 0 && --depth == 0 && word_at(skip_gap(i + 1)) != "else") return i + 1;
        i = std::max<std::size_t>(token_at(i).end, i + 1);
    }
    return text_.size();
}

bool ParseState::begins_line(std::size_t offset) const {
    while (offset > 0 && is_blank(text_[offset - 1]) && text_[offset - 1] != '\n') --offset;
    return offset == 0 || text_[offset - 1] == '\n';
}

void ParseState::leave_block(bool closed, std::size_t offset) {
    const std::size_t brace = open_braces_.back();
    open_braces_.pop_back();
    if (closed || unclosed_at_ == offset) return;
    unclosed_at_ = offset;
    const std::size_t at = skip_gap(offset);
    const std::string found = at >= text_.size() ? "the file ends" : "`" + std::string(word_at(at)) + "` comes";
    diagnostics_.add(Code::unclosed_block, span(brace, brace + 1),
                     "this block is not closed: " + found + " before its `}`",
                     "add a `}`" + (at >= text_.size() ? std::string(" at the end of the block")
                                                       : " before line " + std::to_string(source_.position(at).line)));
}

bool ParseState::block_must_end(std::size_t offset) {
    if (offset >= text_.size()) return true;
    const std::string_view word = word_at(offset);
    static const std::unordered_set<std::string_view> words = {"scenario", "use",          "work",    "template",
                                                               "payload",  "expectations", "private", "gauntlet"};
    return words.count(word) > 0;
}

} // namespace ktstr::syntax
