// SPDX-License-Identifier: GPL-2.0-only
#include "likeness.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "interp/format/format.h"
#include "interp/syntax/parse.h"

namespace ktstr::format {

namespace {

using syntax::Kind;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_verbatim(Kind kind) { return kind == Kind::string || kind == Kind::text || kind == Kind::lua_text; }

std::string without_trailing_commas(const std::string& code) {
    std::string out;
    for (const char c : code) {
        if ((c == ']' || c == '}') && !out.empty() && out.back() == ',') out.pop_back();
        out += c;
    }
    return out;
}

std::string shape(const std::string& text, const syntax::Tree& tree) {
    std::string out;
    std::vector<std::uint32_t> ends;
    for (std::uint32_t i = 0; i < tree.size(); ++i) {
        while (!ends.empty() && ends.back() <= i) {
            ends.pop_back();
            out += ')';
        }
        out += '(' + std::to_string(static_cast<int>(tree[i].kind));
        ends.push_back(tree[i].next);
        const bool leaf = tree[i].next == i + 1;
        if (leaf && !syntax::is_op(tree[i].kind) && tree[i].kind >= Kind::name && tree[i].kind != Kind::list &&
            tree[i].kind != Kind::call)
            out += ' ' + text.substr(tree[i].begin, tree[i].end - tree[i].begin);
    }
    return out;
}

} // namespace

std::vector<Stretch> stretches(const std::string& text, const syntax::Tree& tree) {
    std::vector<Stretch> out;
    const auto add = [&out](Stretch::Kind kind, std::string part) {
        if (!out.empty() && out.back().kind == kind && kind != Stretch::Kind::comment)
            out.back().text += part;
        else
            out.push_back({kind, std::move(part)});
    };
    std::size_t node = 0;
    for (std::size_t i = 0; i < text.size();) {
        while (node < tree.size() && (tree[node].begin < i || !is_verbatim(tree[node].kind))) ++node;
        std::size_t end = i + 1;
        auto kind = Stretch::Kind::code;
        if (node < tree.size() && tree[node].begin == i) {
            kind = Stretch::Kind::verbatim;
            end = tree[node].end;
        } else if (text[i] == '#') {
            kind = Stretch::Kind::comment;
            end = std::min(text.find('\n', i), text.size());
            while (is_blank(text[end - 1])) --end;
        } else if (is_blank(text[i])) {
            kind = Stretch::Kind::blanks;
        }
        add(kind, text.substr(i, end - i));
        i = end;
    }
    return out;
}

std::optional<Substance> substance(const std::string& text) {
    Diagnostics diagnostics;
    const auto source = std::make_shared<const SourceFile>("x.ktl", "x.ktl", text);
    const syntax::Tree tree = syntax::parse(*source, diagnostics);
    if (diagnostics.errors() > 0) return std::nullopt;
    Substance result;
    for (const auto& stretch : stretches(text, tree)) {
        if (stretch.kind == Stretch::Kind::comment) result.comments.push_back(stretch.text);
        if (stretch.kind == Stretch::Kind::code || stretch.kind == Stretch::Kind::verbatim)
            result.tokens += stretch.text;
    }
    result.tokens = without_trailing_commas(result.tokens);
    result.tree = shape(text, tree);
    return result;
}

std::string formatted(const std::string& text) {
    Diagnostics diagnostics;
    const auto source = std::make_shared<const SourceFile>("x.ktl", "x.ktl", text);
    const auto result = format(*source, diagnostics);
    INFO(text);
    REQUIRE(result);
    return *result;
}

} // namespace ktstr::format
