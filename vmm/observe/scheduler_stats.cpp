// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/scheduler_stats.h"

#include <nlohmann/json.hpp>

#include "interp/plan/bounded_json.h"
#include "vmm/observe/render.h"

namespace ktstr::observe {

using nlohmann::json;

namespace {

std::string shown(const json& value) {
    constexpr std::size_t most = 200;
    std::string text = value.dump(-1, ' ', true); // ASCII: it can be cut anywhere
    if (text.size() > most) text.replace(most, std::string::npos, "...");
    return text;
}

} // namespace

json scheduler_stats(std::string_view line) {
    const auto answer = plan::parse_json(line);
    if (!answer) return absent("the scheduler's answer cannot be read: " + answer.error().message);
    constexpr const char* foreign = "the scheduler's answer is not in the form of scx_stats";
    if (!answer->is_object()) return absent(foreign);
    const auto arguments = answer->find("args");
    if (arguments == answer->end() || !arguments->is_object() || !arguments->contains("resp")) return absent(foreign);
    const json& response = arguments->at("resp");
    const auto code = answer->find("errno");
    if (code == answer->end() || *code == 0) return response;
    return absent("the scheduler has no statistics: " + shown(code->is_number_integer() ? response : *answer));
}

} // namespace ktstr::observe
