// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/plan_file.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "full_plan.h"

using namespace ktstr::plan;

namespace {

std::string pretty(const std::string& name) {
    Plan plan = ktstr::test::full_plan();
    plan.scenario = name;
    return to_json(plan).dump(2) + "\n";
}

std::string line(const std::string& name) { return nlohmann::json::parse(pretty(name)).dump() + "\n"; }

std::vector<std::string> names(const std::string& text) {
    const auto plans = plans_from_text(text);
    if (!plans) return {plans.error().message};
    std::vector<std::string> result;
    for (const auto& plan : *plans) result.push_back(plan.scenario);
    return result;
}

using Texts = std::vector<std::string>;

} // namespace

TEST_CASE("plans are read one by one, from lines, in a row as they are printed, and from an array") {
    CHECK(names(pretty("a")) == Texts{"a"});
    CHECK(names(line("a") + line("b") + "\n") == Texts{"a", "b"});
    CHECK(names(pretty("a") + pretty("b") + pretty("c")) == Texts{"a", "b", "c"});
    CHECK(names("[" + line("a") + "," + pretty("b") + "]") == Texts{"a", "b"});
}

TEST_CASE("what is not JSON is refused with its line, what is no plan with the path of its member") {
    CHECK(names("{\n  \"a\": }")[0].starts_with("line 2 is not JSON: "));
    CHECK(names(line("a") + "{\n\n]")[0].starts_with("line 4 is not JSON: "));
    CHECK(names("")[0] == "there is no plan in it");
    CHECK(names(" \n[]")[0] == "there is no plan in it");
    CHECK(names("7")[0] == "plan is not an object");
    CHECK(names(line("a") + "{}")[0] == "plan[1].plan_version is missing");
    auto broken = nlohmann::json::parse(line("a"));
    broken["steps"][0]["hold_ns"] = -1;
    CHECK(names(broken.dump())[0] == "plan.steps[0].hold_ns is not an integer in range");
    CHECK(names(line("a") + broken.dump())[0] == "plan[1].steps[0].hold_ns is not an integer in range");
    CHECK(names(std::string(100, '['))[0].starts_with("line 1 is not JSON: "));
    constexpr std::size_t deep = 3'000'000;
    CHECK(names(std::string(deep, '[') + std::string(deep, ']'))[0] == "it nests deeper than 1000 levels");
    CHECK(names(R"(["[[\"[", "]"])")[0] == "plan[0] is not an object");
}
