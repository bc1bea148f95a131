// SPDX-License-Identifier: GPL-2.0-only
#include "llm/answer.h"

#include <array>
#include <charconv>

namespace ktstr::llm {

namespace {

constexpr int most_tries = 64; // braces with which the object could begin

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' ||
           c == '.' || c == '_';
}

// Behind the string that begins at `at`; npos: it has no end.
std::size_t after_string(std::string_view text, std::size_t at) {
    for (++at; at < text.size(); ++at) {
        if (text[at] == '\\')
            ++at;
        else if (text[at] == '"')
            return at + 1;
    }
    return std::string_view::npos;
}

// The object that begins with the brace at `begin`; empty: it has no end.
std::string_view object_at(std::string_view text, std::size_t begin) {
    std::size_t open = 0;
    for (std::size_t at = begin; at < text.size();) {
        if (text[at] == '"') {
            at = after_string(text, at);
            if (at == std::string_view::npos) return {};
            continue;
        }
        if (text[at] == '{') ++open;
        if (text[at] == '}' && --open == 0) return text.substr(begin, at - begin + 1);
        ++at;
    }
    return {};
}

// What JSON has no number for, as a text; everything else as it is.
std::string as_json(std::string_view word) {
    constexpr std::array<std::string_view, 7> infinite = {"Infinity", "+Infinity", "inf",     "+inf",
                                                          "Inf",      "+Inf",      "infinity"};
    for (const auto name : infinite) {
        if (word == name) return "\"Infinity\"";
        if (word.starts_with('-') && word.substr(1) == name) return "\"-Infinity\"";
    }
    if (word == "NaN" || word == "nan" || word == "-NaN" || word == "-nan") return "\"NaN\"";
    double value = 0;
    const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
    const bool too_large = code == std::errc::result_out_of_range && end == word.data() + word.size() &&
                           word.find("e-") == std::string_view::npos && word.find("E-") == std::string_view::npos;
    if (too_large) return word.starts_with('-') ? "\"-Infinity\"" : "\"Infinity\"";
    return std::string(word);
}

std::string with_all_numbers(std::string_view object) {
    std::string text;
    for (std::size_t at = 0; at < object.size();) {
        std::size_t end = at + 1;
        if (object[at] == '"') {
            end = std::min(object.size(), after_string(object, at));
            text += object.substr(at, end - at);
        } else if (is_word(object[at])) {
            while (end < object.size() && is_word(object[end])) ++end;
            text += as_json(object.substr(at, end - at));
        } else {
            text += object[at];
        }
        at = end;
    }
    return text;
}

ReadAnswer metrics_of(std::vector<eval::NamedNumber> numbers) {
    ReadAnswer answer;
    if (numbers.empty()) answer.problem = "the answer has no numbers";
    if (numbers.size() > most_metrics) {
        answer.problem =
            "of " + std::to_string(numbers.size()) + " numbers in the answer, the first 1,000 are taken as metrics";
        numbers.resize(most_metrics);
    }
    answer.metrics = std::move(numbers);
    return answer;
}

} // namespace

ReadAnswer read_answer(std::string_view text) {
    if (text.size() > longest_answer) return {{}, "the answer has more than 64 KiB"};
    constexpr std::string_view thought = "</think>";
    if (const auto end = text.rfind(thought); end != std::string_view::npos) text = text.substr(end + thought.size());
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return {{}, "the answer is empty"};
    std::size_t at = text.find('{');
    bool any = false;
    for (int tries = 0; at != std::string_view::npos && tries < most_tries; ++tries, at = text.find('{', at + 1)) {
        const auto object = object_at(text, at);
        if (object.empty()) continue;
        any = true;
        if (auto numbers = eval::numbers_of_document(with_all_numbers(object), eval::NumbersAs::extracted))
            return metrics_of(std::move(*numbers));
    }
    return {{}, any ? "the answer's object is not JSON" : "the answer has no JSON object"};
}

} // namespace ktstr::llm
