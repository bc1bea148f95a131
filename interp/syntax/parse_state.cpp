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

bool is_keyword(std::string_view word) {
    return std::any_of(keywords().begin(), keywords().end(), [word](const Keyword& one) { return one.text == word; });
}

// What plans call ops, and the keyword. A test holds this against the plan's own list.
std::string_view keyword_of_op(std::string_view plan_name) {
    static const std::map<std::string_view, std::string_view> keywords = {
        {"run_payload", "run"},      {"wait_payload", "wait"},        {"kill_payload", "kill"},
        {"freeze_cgroup", "freeze"}, {"unfreeze_cgroup", "unfreeze"}, {"capture_snapshot", "snapshot"},
        {"watch_snapshot", "watch"}, {"pin_bpf_map", "pin_map"},      {"capture_cgroup_procs", "capture_procs"},
        {"capture_ctprof", "ctprof"}};
    const auto keyword = keywords.find(plan_name);
    return keyword == keywords.end() ? std::string_view() : keyword->second;
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
    if (const auto keyword = keyword_of_op(word); !keyword.empty())
        hint = "in .ktl files this op is `" + std::string(keyword) + "`";
    if (const std::string dashed = hint_of_dash(start); !dashed.empty()) hint = dashed;
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
    if (text == ":" && is_keyword(word_before(at))) hint = "settings have no `:`, as in: cpuset 0-3";
    const std::size_t before = text_.find_last_not_of(" \t\r\n", at == 0 ? 0 : at - 1);
    if (is_expected("a field of a record, as in {spin: 2ms}") && before < at && text_[before] == '{')
        hint = "a value has no braces, as in: cpuset 0-3";
    if (is_expected("`(` right behind the template's name")) hint = "a template is called, as in: steady()";
    if (const std::string dashed = hint_of_dash(at); !dashed.empty()) hint = dashed;
    if (is_reserved(text)) {
        shown = "the keyword " + shown;
        if (is_expected("a name") || is_expected("a cgroup")) hint = "a keyword cannot be a name";
        if (is_expected("a cgroup") || (is_expected("a name") && is_expected("a string")))
            hint += "; in quotes it can: \"" + std::string(text) + "\"";
    }
    diagnostics_.add(Code::unexpected_token, found,
                     expected_.empty() ? shown + " cannot stand here"
                                       : "expected " + alternatives(expected_) + ", found " + shown,
                     hint);
}

// The word before `at`, blanks between them or not; empty if there is none.
std::string_view ParseState::word_before(std::size_t at) const {
    while (at > 0 && is_blank(text_[at - 1])) --at;
    std::size_t begin = at;
    while (begin > 0 && is_word(text_[begin - 1])) --begin;
    return text_.substr(begin, at - begin);
}

// For a `-` right behind a word, as in: cgroup my-group
std::string ParseState::hint_of_dash(std::size_t at) {
    if (at == 0 || at + 1 >= text_.size() || text_[at] != '-' || !is_word(text_[at - 1]) || !is_word(text_[at + 1]))
        return {};
    constexpr std::size_t longest_shown = 60;
    const auto in_name = [](char c) { return is_word(c) || c == '-' || c == '/'; };
    std::size_t begin = at;
    while (begin > 0 && in_name(text_[begin - 1])) --begin;
    std::size_t end = at;
    while (end < text_.size() && in_name(text_[end])) ++end;
    if (is_digit(text_[begin])) return {};
    std::string name(text_.substr(begin, std::min(end - begin, longest_shown)));
    static const std::unordered_set<std::string_view> declaring = {
        "scheduler",    "work", "topology", "payload", "template",         "flag",
        "expectations", "let",  "param",    "include", "replace_scheduler"};
    if (declaring.count(word_before(begin)) == 0) return "a name with `-` in it stands in quotes: \"" + name + "\"";
    std::replace(name.begin(), name.end(), '-', '_');
    return "a name has no `-` in it: " + name;
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
    const std::size_t records = open_braces_between(start, from); // of a value: no statement stands in them
    std::size_t depth = records;
    for (std::size_t i = skip_gap(from); i < text_.size(); i = skip_gap(i)) {
        const char c = text_[i];
        const bool may_stop = i > start && begins_line(i);
        if (may_stop && block_must_end(i)) return i;
        if (depth <= records && may_stop && (begins_statement(word_at(i)) || (lines && begins_formula(word_at(i)))))
            return i;
        if (depth == 0 && i > start && c == '}' && !open_braces_.empty()) return i;
        if (c == '{') ++depth;
        if (c == '"') depth += swallowed_braces(token_at(i).text());
        if (c == '}' && depth > 0 && --depth == 0 && word_at(skip_gap(i + 1)) != "else") return i + 1;
        i = std::max<std::size_t>(token_at(i).end, i + 1);
    }
    return text_.size();
}

std::size_t ParseState::open_braces_between(std::size_t begin, std::size_t end) {
    std::size_t depth = 0;
    for (std::size_t i = skip_gap(begin); i < end; i = skip_gap(i)) {
        if (text_[i] == '{') ++depth;
        if (text_[i] == '}' && depth > 0) --depth;
        i = std::max<std::size_t>(token_at(i).end, i + 1);
    }
    return depth;
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
    const bool at_end = at >= text_.size();
    std::string why = at_end ? "the file ends" : "`" + std::string(word_at(at)) + "` comes";
    why += " before its `}`";
    const auto inner = outdented(brace, at);
    const std::size_t open = inner.value_or(brace);
    const std::size_t line = source_.position(std::min(line_after(open), at)).line;
    if (inner) why = "by its indentation it ends before line " + std::to_string(line);
    const bool known = inner || !at_end;
    diagnostics_.add(Code::unclosed_block, span(open, open + 1), "this block is not closed: " + why,
                     known ? "add a `}` before line " + std::to_string(line) : "add a `}` at the end of the block");
}

std::size_t ParseState::indent_of(std::size_t offset) const {
    const std::size_t end = std::min(offset, text_.size());
    const std::size_t start = end == 0 ? 0 : text_.rfind('\n', end - 1) + 1; // npos + 1 is 0
    return std::min(text_.find_first_not_of(" \t", start), text_.size()) - start;
}

// The first line behind the block's that is not indented further: where its `}` should stand.
std::size_t ParseState::line_after(std::size_t brace) {
    const std::size_t indent = indent_of(brace);
    for (std::size_t i = text_.find('\n', brace); i < text_.size(); i = text_.find('\n', i)) {
        i = skip_gap(i + 1);
        if (i < text_.size() && begins_line(i) && indent_of(i) <= indent) return i;
    }
    return text_.size();
}

// Of the blocks in the one that is not closed, the first whose `}` stands further left than its beginning: it closes
// another one, and the block's own is missing.
std::optional<std::size_t> ParseState::outdented(std::size_t brace, std::size_t end) {
    std::vector<std::size_t> open;
    for (std::size_t i = skip_gap(brace + 1); i < end; i = skip_gap(i)) {
        const char c = text_[i];
        if (c == '{') open.push_back(i);
        if (c == '}' && !open.empty()) {
            if (begins_line(i) && indent_of(i) < indent_of(open.back())) return open.back();
            open.pop_back();
        }
        i = std::max<std::size_t>(token_at(i).end, i + 1);
    }
    return std::nullopt;
}

bool ParseState::block_seems_ended(std::size_t offset) {
    if (open_braces_.empty() || furthest_ > offset || !begins_line(offset)) return false;
    const std::size_t brace = open_braces_.back();
    const std::size_t first = skip_gap(brace + 1);
    const bool indented = !begins_line(first) || indent_of(first) > indent_of(brace);
    return indented && first < offset && is_reserved(word_at(offset)) && indent_of(offset) <= indent_of(brace);
}

bool ParseState::block_must_end(std::size_t offset) {
    if (offset >= text_.size()) return true;
    const std::string_view word = word_at(offset);
    static const std::unordered_set<std::string_view> words = {"scenario", "use",          "work",    "template",
                                                               "payload",  "expectations", "private", "gauntlet"};
    return words.count(word) > 0;
}

} // namespace ktstr::syntax
