// SPDX-License-Identifier: GPL-2.0-only
// The plan as bytes. golden/*.ktl have their plan beside them; with KTSTR_UPDATE_EXPECTED=1 it is written instead.
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/interp/compile_help.h"

namespace ktstr::test {

namespace {

const std::filesystem::path folder = std::filesystem::path(KTSTR_SOURCE_DIRECTORY) / "tests/interp/golden";

} // namespace

TEST_CASE("the plan of a file with everything in it is byte for byte the one kept beside it") {
    const auto result = compile_paths({folder / "everything.ktl"}, {});
    REQUIRE(result.ok());
    INFO(rendered(*result));
    REQUIRE(result->scenarios.size() == 1);
    const std::string bytes = plan::to_json(result->scenarios[0].plan).dump(2) + "\n";
    const auto golden_file = folder / "everything.plan.json";
    if (std::getenv("KTSTR_UPDATE_EXPECTED") != nullptr) REQUIRE(write_file(golden_file, bytes).ok());
    const auto golden = read_file(golden_file);
    REQUIRE(golden.ok());
    CHECK(bytes == *golden);
}

TEST_CASE("a compiled plan is read back as the same plan") {
    const auto result = compile_paths({folder / "everything.ktl"}, {});
    REQUIRE(result.ok());
    const auto& plan = result->scenarios.at(0).plan;
    const auto again = plan::plan_from_json(nlohmann::json::parse(plan::canonical_bytes(plan)));
    INFO((again.ok() ? std::string() : again.error().text()));
    REQUIRE(again.ok());
    CHECK(plan::canonical_bytes(*again) == plan::canonical_bytes(plan));
}

TEST_CASE("comments and blanks inside an expectation do not show in the plan") {
    const auto plan =
        plan_of_scenario("cgroup hot { workers 1 of spin_wait }\nexpect { spread( hot )   <=  # why\n  15% }");
    CHECK(plan.expectations.at(1).written == "spread( hot ) <= 15%");
}

TEST_CASE("a payload whose output is prose has a hint if one is given, and bounds on all its metrics") {
    const std::string scenario = "\nscenario \"t\" { cgroup c { workers 1 of spin_wait } run metrics in c }";
    const auto plan =
        plan_of("payload metrics { binary \"true\"  output llm \"about it\"  metric \"values\" { unit us }\n"
                "expect { metrics >= 3  values within 0 .. 1_000  values != 7 } }" +
                scenario);
    const auto& payload = plan.payloads.at(0);
    CHECK(payload.output == plan::Payload::Output::llm);
    CHECK(payload.pattern == "about it");
    REQUIRE(payload.checks.size() == 4);
    CHECK(payload.checks[0].kind == plan::PayloadCheck::Kind::metrics);
    CHECK(payload.checks[0].comparison == plan::Comparison::greater_equal);
    CHECK(payload.checks[0].value == 3);
    CHECK(payload.checks[1].kind == plan::PayloadCheck::Kind::values);
    CHECK(payload.checks[1].value == 0);
    CHECK(payload.checks[2].comparison == plan::Comparison::less_equal);
    CHECK(payload.checks[2].value == 1000);
    CHECK(payload.checks[3].comparison == plan::Comparison::not_equal);
    CHECK(plan_of("payload metrics { binary \"true\"  output llm }" + scenario).payloads.at(0).pattern.empty());
}

} // namespace ktstr::test
