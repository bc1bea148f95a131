// SPDX-License-Identifier: GPL-2.0-only
#include "interp/syntax/keywords.h"

#include <unordered_set>

namespace ktstr::syntax {

const std::vector<Keyword>& keywords() {
    static const std::vector<Keyword> list = {
#define KEYWORD(identifier, text, class_name) {text, Keyword::Class::class_name},
#include "interp/syntax/keywords.def"
#undef KEYWORD
    };
    return list;
}

namespace {

std::unordered_set<std::string_view> words_of(std::initializer_list<Keyword::Class> classes) {
    std::unordered_set<std::string_view> words;
    for (const auto& keyword : keywords())
        for (const auto wanted : classes)
            if (keyword.keyword_class == wanted) words.insert(keyword.text);
    return words;
}

} // namespace

bool is_reserved(std::string_view word) {
    static const auto words = words_of({Keyword::Class::declaration, Keyword::Class::setting, Keyword::Class::op});
    return words.count(word) > 0 || is_operator(word);
}

bool is_operator(std::string_view word) {
    static const std::unordered_set<std::string_view> words = {"not", "always",  "eventually", "and",
                                                               "or",  "implies", "until",      "within"};
    return words.count(word) > 0;
}

bool begins_statement(std::string_view word) {
    static const auto words = words_of(
        {Keyword::Class::declaration, Keyword::Class::setting, Keyword::Class::op, Keyword::Class::expectation});
    return words.count(word) > 0;
}

std::string_view to_string(Keyword::Class keyword_class) {
    static constexpr std::string_view names[] = {"declaration", "setting", "op", "expectation", "word", "constant"};
    return names[static_cast<std::size_t>(keyword_class)];
}

} // namespace ktstr::syntax
