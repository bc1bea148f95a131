// SPDX-License-Identifier: GPL-2.0-only
// Gauntlets and kernels that the scenarios depend on.
#include <catch2/catch_test_macros.hpp>
#include <map>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;

namespace {

// "narrow 1n1l2c1t" to the verdict, of a run's JSON lines.
std::map<std::string, nlohmann::json> by_name(const Outcome& outcome) {
    std::map<std::string, nlohmann::json> results;
    for (const auto& line : outcome.lines())
        if (line["type"] == "scenario")
            results[line["name"].get<std::string>() + " " + line["topology"].get<std::string>()] = line;
    return results;
}

} // namespace

TEST_CASE("a gauntlet runs every combination that is possible, and says which are not") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", R"(
scenario "narrow" {
  duration 300ms
  cgroup a { workers 1 of spin_wait }
  expect { progress }
}
scenario "wide" {
  topology 1n1l4c1t
  duration 300ms
  cgroup a { cpuset 2-3  workers 1 of spin_wait }
  expect { progress }
}
gauntlet "ci" {
  scenarios  all
  topologies [1n1l2c1t, 1n1l4c1t]
}
)");
    const auto outcome = run_ktstr(sandbox, {"run", "a.ktl", "--gauntlet", "ci", "--format", "json"});
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 0);
    auto results = by_name(outcome);
    REQUIRE(results.size() == 4);
    CHECK(results["narrow 1n1l2c1t"]["verdict"] == "pass");
    CHECK(results["narrow 1n1l4c1t"]["verdict"] == "pass");
    CHECK(results["wide 1n1l4c1t"]["verdict"] == "pass");
    CHECK(results["wide 1n1l2c1t"]["verdict"] == "skip");
    CHECK(results["wide 1n1l2c1t"]["skipped"].get<std::string>().starts_with("a.ktl:10:21: "));
    const auto variant = results["narrow 1n1l4c1t"]["variant"].get<std::string>();
    const auto again =
        run_ktstr(sandbox, {"run", "a.ktl", "--gauntlet", "ci", "--variant", variant, "--filter", "narrow", "--format",
                            "json"}); // the variant is that of "wide" on this machine too
    CHECK(by_name(again).size() == 1);
    CHECK(by_name(again).contains("narrow 1n1l4c1t"));
}

TEST_CASE("scenarios that a gauntlet's budget has no time for are skipped by name, and each seed has its record") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", R"(
scenario "long" {
  duration 100s
  cgroup a { workers 1 of spin_wait }
  expect { progress }
}
scenario "short" {
  duration 300ms
  cgroup a { workers 1 of spin_wait }
  expect { progress }
}
gauntlet "ci" {
  scenarios all
  seeds     1..2
  budget    90s
}
)");
    const auto outcome =
        run_ktstr(sandbox, {"run", "a.ktl", "--gauntlet", "ci", "--format", "json", "--out", "records"});
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 0);
    int skipped = 0;
    std::vector<std::string> records;
    for (const auto& line : outcome.lines()) {
        if (line["type"] != "scenario") continue;
        if (line["name"] == "long") {
            CHECK(line["verdict"] == "skip");
            CHECK(line["skipped"] == "the gauntlet's budget of host time is used up");
            ++skipped;
        } else {
            CHECK(line["verdict"] == "pass");
            records.push_back(line["sidecar"]);
        }
    }
    CHECK(skipped == 2);
    REQUIRE(records.size() == 2);
    for (const auto& record : records) CHECK(read_file(sandbox.path("work") / record));
    CHECK(records[0] != records[1]);
}

TEST_CASE("`if kernel` is decided by the kernel that boots, whatever names it") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", R"(
scenario "by kernel" {
  duration 300ms
  cgroup old { workers 1 of spin_wait }
  if kernel > v6.12.1 { cgroup new { workers 1 of spin_wait } }
  expect { progress }
}
)");
    const auto outcome =
        run_ktstr(sandbox, {"run", "a.ktl", "--kernel", "6.12", "--format", "json", "--out", "records"});
    INFO(outcome.output << outcome.errors);
    REQUIRE(outcome.exit.exit_code == 0);
    const auto record = read_file(sandbox.path("work") / outcome.lines().at(0)["sidecar"].get<std::string>());
    REQUIRE(record);
    CHECK(nlohmann::json::parse(*record)["workers"].size() == 2); // it is a 6.12.x with x > 1
}
