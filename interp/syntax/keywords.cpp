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

bool is_reserved(std::string_view word) {
    static const std::unordered_set<std::string_view> reserved = [] {
        std::unordered_set<std::string_view> words;
        for (const auto& keyword : keywords())
            if (keyword.keyword_class == Keyword::Class::statement) words.insert(keyword.text);
        return words;
    }();
    return reserved.count(word) > 0;
}

} // namespace ktstr::syntax
