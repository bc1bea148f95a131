// SPDX-License-Identifier: GPL-2.0-only
// docs/plan.schema.json is written by hand: it has to know what the program knows.
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "interp/plan/names.h"
#include "interp/plan/plan.h"
#include "interp/plan/work_types.h"

using namespace ktstr::plan;
using nlohmann::json;

namespace {

json schema() {
    const auto text = ktstr::read_file(KTSTR_SCHEMA);
    REQUIRE(text);
    return json::parse(*text);
}

template <typename Enum, std::size_t N> std::vector<std::string> words(const Names<Enum, N>& names) {
    std::vector<std::string> result;
    for (const auto& [value, name] : names) result.emplace_back(name);
    return result;
}

// What the schema must say of the parameter, beside its description.
json wanted(const WorkParameter& parameter) {
    using Kind = WorkParameter::Kind;
    const bool integral =
        parameter.kind == Kind::duration || parameter.kind == Kind::size || parameter.kind == Kind::count;
    if (integral)
        return {{"type", "integer"},
                {"minimum", static_cast<std::int64_t>(parameter.minimum)},
                {"maximum", static_cast<std::int64_t>(parameter.maximum)},
                {"default", std::get<std::int64_t>(parameter.default_value)}};
    if (parameter.kind == Kind::percent || parameter.kind == Kind::rate)
        return {{"type", "number"},
                {"minimum", parameter.minimum},
                {"maximum", parameter.maximum},
                {"default", std::get<double>(parameter.default_value)}};
    if (parameter.kind == Kind::choice)
        return {{"enum", parameter.choices}, {"default", std::get<std::string>(parameter.default_value)}};
    return {{"type", parameter.kind == Kind::phases ? "array" : "string"}};
}

// Every object forbids what it does not list, and describes all that it lists.
void check_described(const json& part, const std::string& where) {
    if (part.contains("properties") && part.contains("required")) {
        INFO(where);
        const bool closed = part.value("additionalProperties", json(true)) == json(false);
        CHECK((closed || part.contains("allOf"))); // an op is closed by the schema of its kind
        for (const auto& [name, member] : part["properties"].items()) {
            INFO(name);
            const bool refers = member.contains("$ref") || member.contains("const");
            CHECK((refers || member.contains("description")));
        }
    }
    if (!part.is_structured()) return;
    for (const auto& [name, inner] : part.items())
        if (name != "if") check_described(inner, where + "/" + name); // a condition describes nothing
}

} // namespace

TEST_CASE("the plan's schema is closed and describes every member") {
    const json plan = schema();
    CHECK(plan["$schema"] == "https://json-schema.org/draft/2020-12/schema");
    CHECK(plan["properties"]["plan_version"]["const"] == plan_version);
    check_described(plan, "");
}

TEST_CASE("the plan's schema has every op, with a form of its own") {
    const json definitions = schema()["$defs"];
    CHECK(definitions["op"]["properties"]["op"]["enum"] == json(op_names()));
    for (const auto& name : op_names()) {
        INFO(name);
        REQUIRE(definitions.contains("op_" + name));
        CHECK(definitions["op_" + name]["properties"]["op"]["const"] == name);
        CHECK(definitions["op"]["allOf"].dump().find("#/$defs/op_" + name + "\"") != std::string::npos);
    }
}

TEST_CASE("the plan's schema has every work type, with its parameters, their ranges and defaults") {
    const json definitions = schema()["$defs"];
    std::vector<std::string> names;
    for (const auto& type : work_types()) {
        INFO(type.name);
        names.push_back(type.name);
        REQUIRE(definitions.contains("parameters_of_" + type.name));
        const json& parameters = definitions["parameters_of_" + type.name]["properties"];
        CHECK(parameters.size() == type.parameters.size());
        for (const auto& parameter : type.parameters) {
            INFO(parameter.name);
            REQUIRE(parameters.contains(parameter.name));
            const json expected = wanted(parameter); // items() must not outlive it
            for (const auto& [key, value] : expected.items()) {
                INFO(key);
                CHECK(parameters[parameter.name][key] == value);
            }
        }
    }
    CHECK(definitions["work"]["properties"]["work_type"]["enum"] == json(names));
}

TEST_CASE("the plan's schema has every word of every enumeration") {
    const json definitions = schema()["$defs"];
    const auto has = [&definitions](const char* definition, const char* member, const auto& names) {
        INFO(definition << "." << member);
        CHECK(definitions[definition]["properties"][member]["enum"] == json(words(names)));
    };
    has("work", "policy", policy_names);
    has("affinity", "kind", affinity_names);
    has("memory_policy", "mode", memory_mode_names);
    has("kernel_target", "kind", target_names);
    has("metric", "better", polarity_names);
    has("payload_check", "kind", payload_check_names);
    has("payload", "output", output_names);
    has("expectation", "kind", expectation_names);
    has("formula", "kind", formula_names);
    CHECK(definitions["comparison"]["enum"] == json(words(comparison_names)));
    CHECK(definitions["phase"]["properties"]["kind"]["enum"] == json(phase_kinds()));
}
