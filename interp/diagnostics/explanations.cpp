// SPDX-License-Identifier: GPL-2.0-only
#include "interp/diagnostics/explanations.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace ktstr {

// explanations/*.md, put into the program by the build.
extern const std::vector<std::pair<std::string_view, std::string_view>> explanation_texts;

namespace {

std::string_view text_of(const CodeInfo& code) {
    for (const auto& [file, text] : explanation_texts)
        if (file.substr(0, file.find('.')) == code.name) return text;
    return {};
}

const char* severity_of(const CodeInfo& code) { return code.severity == Severity::error ? "error" : "warning"; }

std::string indented(std::string_view lines) {
    std::string text;
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        if (!line.empty()) text += "    " + std::string(line);
        text += '\n';
        lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    }
    return text;
}

} // namespace

// The paragraphs end where the first block begins: ```ktl wrong, ```ktl right, ```ktl NAME OF A FILE.
Explanation explanation(Code code) {
    constexpr std::string_view fence = "```ktl ";
    Explanation out;
    std::string_view rest = text_of(info(code));
    std::size_t block = rest.find(fence);
    out.text = rest.substr(0, block);
    out.text.erase(out.text.find_last_not_of('\n') + 1);
    while (block != std::string_view::npos) {
        rest.remove_prefix(block + fence.size());
        const std::string name(rest.substr(0, rest.find('\n')));
        rest.remove_prefix(name.size() + 1);
        const std::string_view body = rest.substr(0, rest.find("```"));
        (name == "wrong" ? out.wrong : name == "right" ? out.right : out.files[name]) = body;
        rest.remove_prefix(body.size());
        block = rest.find(fence);
    }
    return out;
}

const CodeInfo* find_code(std::string_view name) {
    const auto same = [](char a, char b) { return a == (b >= 'a' && b <= 'z' ? b - 'a' + 'A' : b); };
    for (const auto& code : diagnostic_codes())
        if (std::equal(code.name.begin(), code.name.end(), name.begin(), name.end(), same)) return &code;
    return nullptr;
}

std::string render_explanation(const CodeInfo& code) {
    const Explanation explained = explanation(code.code);
    std::string text = std::string(severity_of(code)) + "[" + std::string(code.name) +
                       "]: " + std::string(code.summary) + "\n\n" + explained.text + "\n";
    if (!explained.wrong.empty())
        text += "\nWrong:\n\n" + indented(explained.wrong) + "\nRight:\n\n" + indented(explained.right);
    for (const auto& [name, body] : explained.files) text += "\nwith " + name + ":\n\n" + indented(body);
    return text;
}

nlohmann::json to_json(const CodeInfo& code) {
    return {{"code", code.name}, {"severity", severity_of(code)}, {"summary", code.summary}};
}

nlohmann::json explanation_to_json(const CodeInfo& code) {
    const Explanation explained = explanation(code.code);
    nlohmann::json json = to_json(code);
    json["explanation"] = explained.text;
    json["wrong"] = explained.wrong;
    json["right"] = explained.right;
    json["files"] = explained.files;
    return json;
}

} // namespace ktstr
