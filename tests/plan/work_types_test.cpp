// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/work_types.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "full_plan.h"

using namespace ktstr::plan;

namespace {

// What plan_from_json() says to one group of workers of this type with these parameters.
std::string refusal(const std::string& work_type, const nlohmann::json& parameters, int workers = 1) {
    auto json = to_json(ktstr::test::full_plan());
    auto& work = json["steps"][0]["ops"][4]["work"];
    work["work_type"] = work_type;
    work["parameters"] = parameters;
    work["workers"] = workers;
    const auto read = plan_from_json(json);
    if (read) return "";
    const std::string where = "plan.steps[0].ops[4].work.";
    const std::string message = read.error().message;
    return message.starts_with(where) ? message.substr(where.size()) : message;
}

} // namespace

TEST_CASE("the catalogue has all work types once, and each default is one that its parameter takes") {
    std::set<std::string> names;
    for (const auto& type : work_types()) {
        INFO(type.name);
        CHECK(names.insert(type.name).second);
        CHECK(find_work_type(type.name) == &type);
        CHECK_FALSE(type.summary.empty());
        CHECK(type.group_size_with(type.defaults()) >= 1);
        for (const auto& parameter : type.parameters) {
            INFO(parameter.name);
            CHECK_FALSE(parameter.refusal(parameter.default_value));
            CHECK_FALSE(parameter.summary.empty());
        }
        if (!type.group_parameter.empty()) {
            REQUIRE(type.find(type.group_parameter) != nullptr);
            CHECK(type.find(type.group_parameter)->kind == WorkParameter::Kind::count);
        }
    }
    CHECK(names.size() == 46);
    CHECK(find_work_type("levitate") == nullptr);
}

TEST_CASE("a group can be as large as a parameter says") {
    const WorkType* fan_out = find_work_type("futex_fan_out");
    REQUIRE(fan_out != nullptr);
    WorkParameters parameters = fan_out->defaults();
    CHECK(fan_out->group_size_with(parameters) == 5);
    parameters["fan_out"] = std::int64_t{8};
    CHECK(fan_out->group_size_with(parameters) == 9);
    CHECK(refusal("futex_fan_out", {{"fan_out", 2}, {"work", 1000}}, 6).empty());
    CHECK(refusal("futex_fan_out", {{"fan_out", 2}, {"work", 1000}}, 4) ==
          "workers is not a multiple of 3, the size of a group of futex_fan_out");
    CHECK(find_work_type("wake_chain")->group_size_with(find_work_type("wake_chain")->defaults()) == 4);
    CHECK(find_work_type("mutex_contention")->group_size_with({}) == 4);
}

TEST_CASE("work parameters are required, known, of their kind and in their range") {
    CHECK(refusal("bursty", {{"burst", 1'000'000}}) == "parameters.sleep is missing");
    CHECK(refusal("bursty", {{"burst", 1'000'000}, {"sleep", 1}}) == "parameters.sleep is not in 10000..10000000000");
    CHECK(refusal("bursty", {{"burst", 1'000'000}, {"sleep", "2ms"}}) == "parameters.sleep is not an integer in range");
    CHECK(refusal("bursty", {{"burst", 1'000'000}, {"sleep", 1'000'000}, {"nap", 1}}) ==
          "parameters.nap is not a parameter of bursty");
    CHECK(refusal("bursty", {{"burst", 1'000'000}, {"sleep", 1'000'000}}).empty());
    CHECK(refusal("rt_starvation", {{"victims", 1}, {"busy", 1.5}, {"period", 1'000'000}}, 2) ==
          "parameters.busy is not in 0.01..1");
    CHECK(refusal("rt_starvation", {{"victims", 1}, {"busy", 1}, {"period", 1'000'000}}, 2).empty());
    CHECK(refusal("net_traffic", {{"size", 100}, {"protocol", "sctp"}}, 2) ==
          "parameters.protocol is not one of udp, tcp");
    CHECK(refusal("sequence", {{"phases", nlohmann::json::array()}}) == "parameters.phases does not have 1..64 phases");
    CHECK(refusal("sequence", {{"phases", {{{"kind", "dance"}, {"duration_ns", 1000}}}}}) ==
          "parameters.phases has a phase whose kind is not one of spin, sleep, yield, io, alu");
    CHECK(refusal("sequence", {{"phases", {{{"kind", "spin"}, {"duration_ns", 1000}}}}}).empty());
    CHECK(refusal("custom", {{"program", ""}}) == "parameters.program does not have 1..65536 bytes");
}
