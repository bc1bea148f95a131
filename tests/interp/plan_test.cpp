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

} // namespace ktstr::test
