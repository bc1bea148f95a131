// SPDX-License-Identifier: GPL-2.0-only
// Libraries as a scenario uses them: the program from `ktstr add` to the plan.
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "tests/library/playground.h"

namespace ktstr::test {

namespace {

constexpr const char* scenario = R"(use lib.shapes.numa
use lib.load as services

scenario "two libraries" {
  topology twin
  cgroup web { cpuset numa(0)  workers 2 of services.web }
}
)";

nlohmann::json plan_of(const Playground& playground) {
    const std::string output = playground.done({"plan", "a.ktl"});
    return nlohmann::json::parse(output);
}

} // namespace

TEST_CASE("two libraries shared through git give a scenario its machine and its workload") {
    const Playground playground;
    playground.fixture("shapes", "v1.0");
    playground.fixture("load", "v0.3");
    playground.done({"add", "../shapes@v1.0"});
    playground.done({"add", "../load@v0.3"});
    playground.write("project/a.ktl", scenario);
    CHECK(playground.done({"check", "a.ktl"}) == "1 scenario is ready to run\n");
    const auto plan = plan_of(playground);
    CHECK(plan["topology"]["nodes"] == 2);
    const auto work = plan["steps"][0]["ops"][0]["spec"]["works"][0];
    CHECK(work["work_type"] == "bursty");
    CHECK(work["nice"] == 2);
}

TEST_CASE("a plan is the same after the repositories are gone, and from copies beside the project") {
    const Playground playground;
    playground.fixture("shapes", "v1.0");
    playground.fixture("load", "v0.3");
    playground.done({"add", "../shapes@v1.0"});
    playground.done({"add", "../load@v0.3"});
    playground.write("project/a.ktl", scenario);
    const auto before = plan_of(playground);
    std::filesystem::remove_all(playground.path("shapes"));
    std::filesystem::remove_all(playground.path("load"));
    CHECK(plan_of(playground) == before);
    playground.done({"vendor"});
    std::filesystem::remove_all(playground.cache());
    CHECK(plan_of(playground) == before);
}

TEST_CASE("what is copied beside a project is used by it and not run with it") {
    const Playground playground;
    playground.fixture("shapes", "v1.0");
    playground.fixture("load", "v0.3");
    playground.done({"add", "../shapes@v1.0"});
    playground.done({"add", "../load@v0.3"});
    playground.done({"vendor"});
    playground.write("project/a.ktl", scenario);
    CHECK(playground.done({"check", "--format", "json", "."}).find("services over two nodes") == std::string::npos);
    CHECK(playground.done({"plan", "."}).find("services over two nodes") == std::string::npos);
}

TEST_CASE("a library that is not there is said where it is used, with the way to get it") {
    const Playground playground;
    playground.fixture("shapes", "v1.0");
    playground.done({"add", "../shapes@v1.0"});
    playground.write("project/a.ktl", "use lib.shpes\nuse lib.load\n");
    const Outcome outcome = playground.ktstr({"check", "a.ktl"});
    CHECK(outcome.exit_code == 64);
    CHECK(outcome.output.find("a.ktl:1:5: error[E0201]") != std::string::npos);
    CHECK(outcome.output.find("did you mean `shapes`?") != std::string::npos);
    CHECK(outcome.output.find("a.ktl:2:5: error[E0201]") != std::string::npos);
    CHECK(outcome.output.find("`ktstr add URL-OR-PATH --as load`") != std::string::npos);
}

} // namespace ktstr::test
