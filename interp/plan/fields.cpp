// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/fields.h"

namespace ktstr::plan {

const nlohmann::json* Fields::find(const char* name) {
    if (error_) return nullptr;
    const auto entry = json_.find(name);
    if (entry == json_.end()) {
        fail_field(name, "is missing");
        return nullptr;
    }
    return &*entry;
}

void Fields::number(const char* name, double& out) {
    const auto* value = find(name);
    if (value == nullptr) return;
    if (!value->is_number()) return fail_field(name, "is not a number");
    out = value->get<double>();
}

void Fields::boolean(const char* name, bool& out) {
    const auto* value = find(name);
    if (value == nullptr) return;
    if (!value->is_boolean()) return fail_field(name, "is not true or false");
    out = value->get<bool>();
}

void Fields::text(const char* name, std::string& out) {
    const auto* value = find(name);
    if (value == nullptr) return;
    if (!value->is_string()) return fail_field(name, "is not a string");
    out = value->get<std::string>();
}

void Fields::texts(const char* name, std::vector<std::string>& out) {
    array<std::string>(name, out, [](const nlohmann::json& element, const std::string& where) -> Result<std::string> {
        if (!element.is_string()) return Error{where + " is not a string"};
        return element.get<std::string>();
    });
}

void Fields::text_map(const char* name, std::map<std::string, std::string>& out) {
    const auto* value = find(name);
    if (value == nullptr) return;
    if (!value->is_object()) return fail_field(name, "is not an object");
    for (const auto& [key, text] : value->items()) {
        if (!text.is_string()) return fail_field((std::string(name) + "." + key).c_str(), "is not a string");
        out[key] = text.get<std::string>();
    }
}

void Fields::cpu_set(const char* name, CpuSet& out) {
    std::string list;
    text(name, list);
    if (error_) return;
    auto parsed = CpuSet::parse(list);
    if (!parsed) return fail_field(name, "is not a list of numbers such as 0-3,7");
    out = std::move(*parsed);
}

void Fields::optional_cpu_set(const char* name, std::optional<CpuSet>& out) {
    const auto* value = find(name);
    if (value == nullptr || value->is_null()) return;
    CpuSet cpus;
    cpu_set(name, cpus);
    out = std::move(cpus);
}

void Fields::optional_count(const char* name, std::optional<std::uint64_t>& out) {
    const auto* value = find(name);
    if (value == nullptr || value->is_null()) return;
    std::uint64_t count = 0;
    integer(name, count);
    out = count;
}

void Fields::object(const char* name, nlohmann::json& out) {
    const auto* value = find(name);
    if (value == nullptr) return;
    if (!value->is_object()) return fail_field(name, "is not an object");
    out = *value;
}

} // namespace ktstr::plan
