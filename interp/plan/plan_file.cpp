// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/plan_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

namespace ktstr::plan {

using nlohmann::json;

namespace {

// "line 3: unexpected '}'", from what the JSON library says of the document that starts at `start`.
Error syntax_error(std::string_view text, std::size_t start, const json::parse_error& error) {
    const std::size_t at = std::min(text.size(), start + std::max<std::size_t>(error.byte, 1) - 1);
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    std::string what = error.what();
    if (const auto colon = what.find(": "); colon != std::string::npos) what.erase(0, colon + 2);
    return Error{"line " + std::to_string(line) + " is not JSON: " + what,
                 "a plan file holds what `ktstr plan` prints: one plan, several in a row, or an array of them"};
}

// No plan comes near it (document.h, max_formula_depth), and copying a document recurses.
constexpr int most_levels = 1000;

bool nests_too_deep(std::string_view text) {
    int level = 0;
    bool in_text = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (in_text && c == '\\') ++at;
        if (c == '"') in_text = !in_text;
        if (in_text) continue;
        if ((c == '[' || c == '{') && ++level > most_levels) return true;
        if (c == ']' || c == '}') --level;
    }
    return false;
}

Result<std::vector<json>> documents_of(std::string_view text) {
    if (nests_too_deep(text)) return Error{"it nests deeper than " + std::to_string(most_levels) + " levels"};
    std::vector<json> documents;
    std::istringstream stream{std::string(text)};
    while (!(stream >> std::ws).eof()) {
        const auto start = static_cast<std::size_t>(stream.tellg());
        try {
            stream >> documents.emplace_back();
        } catch (const json::parse_error& error) {
            return syntax_error(text, start, error);
        } catch (const json::out_of_range& error) { // a number beyond what a double holds
            const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(start), '\n');
            return Error{"what begins in line " + std::to_string(line) +
                         " has a number that is too large: " + error.what()};
        }
    }
    if (documents.size() == 1 && documents.front().is_array()) {
        json array = std::move(documents.front());
        return array.get<std::vector<json>>();
    }
    return documents;
}

} // namespace

Result<std::vector<Plan>> plans_from_text(std::string_view text) {
    const auto documents = documents_of(text);
    if (!documents) return documents.error();
    if (documents->empty()) return Error{"there is no plan in it", "`ktstr plan FILE.ktl` prints one"};
    std::vector<Plan> plans;
    for (const auto& document : *documents) {
        auto plan = plan_from_json(document);
        if (!plan) {
            std::string message = plan.error().message;
            if (documents->size() > 1 && message.starts_with("plan"))
                message.insert(4, "[" + std::to_string(plans.size()) + "]");
            return Error{message, plan.error().hint};
        }
        plans.push_back(std::move(*plan));
    }
    return plans;
}

} // namespace ktstr::plan
