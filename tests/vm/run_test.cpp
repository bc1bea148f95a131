// SPDX-License-Identifier: GPL-2.0-only
// Good days: what `ktstr run` does when all goes well.
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;

namespace {

constexpr const char* steady = R"(
scenario "steady" {
  duration 500ms
  cgroup hot { workers 2 of spin_wait }
  expect { progress }
}
)";

constexpr const char* with_scheduler = R"(
use std.schedulers

scenario "with a scheduler" {
  scheduler ktstr
  duration 500ms
  cgroup hot { workers 2 of spin_wait }
  expect { progress }
}
)";

} // namespace

TEST_CASE("a scenario passes on the default kernel, and its JSON, its sidecar and its exit code say so") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", steady);
    const auto outcome = run_ktstr(sandbox, {"run", "a.ktl", "--format", "json", "--out", "records"});
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 0);
    const auto lines = outcome.lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0]["type"] == "scenario");
    CHECK(lines[0]["name"] == "steady");
    CHECK(lines[0]["verdict"] == "pass");
    CHECK(lines[0]["scheduler"] == "eevdf");
    CHECK(lines[1] == nlohmann::json{{"type", "summary"}, {"pass", 1}, {"fail", 0}, {"skip", 0}, {"inconclusive", 0}});
    const auto sidecar = read_file(sandbox.path("work") / lines[0]["sidecar"].get<std::string>());
    REQUIRE(sidecar);
    const auto record = nlohmann::json::parse(*sidecar);
    CHECK(record["passed"] == true);
    REQUIRE(record["workers"].size() == 2);
    CHECK(record["workers"][0]["work_units"].get<std::uint64_t>() > 0);
    CHECK(record["workers"][0]["exit"] == "stopped");
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("the same scenario runs under the fixture scheduler, attached while the workers ran") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", with_scheduler);
    const auto outcome = run_ktstr(sandbox, {"run", "a.ktl", "--format", "json", "--out", "records"});
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 0);
    const auto sidecar = read_file(sandbox.path("work") / outcome.lines().at(0)["sidecar"].get<std::string>());
    REQUIRE(sidecar);
    const auto record = nlohmann::json::parse(*sidecar);
    CHECK(record["scheduler_log"].get<std::string>().find("attached") != std::string::npos);
    std::set<std::string> kinds;
    for (const auto& event : record["stimulus_events"]) kinds.insert(event["kind"].get<std::string>());
    CHECK(kinds.contains("scheduler_attached"));
    CHECK(kinds.contains("scenario_start"));
}

TEST_CASE("every cached kernel that can attach a scheduler runs the fixture, chosen by --kernel") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", with_scheduler);
    const auto kernels = run_ktstr(sandbox, {"kernel", "list", "--format", "json"});
    REQUIRE(kernels.exit.exit_code == 0);
    std::vector<std::string> arguments = {"run", "a.ktl", "--format", "json", "--out", "records"};
    std::size_t count = 0;
    for (const char* version : {"6.12", "6.19", "7.0"})
        if (kernels.output.find(std::string("\"") + version) != std::string::npos) {
            arguments.insert(arguments.end(), {"--kernel", version});
            ++count;
        }
    REQUIRE(count > 0);
    const auto outcome = run_ktstr(sandbox, arguments);
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 0);
    CHECK(outcome.lines().size() == count + 1);
}

TEST_CASE("workers see the topology that was asked for") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", R"(
scenario "two nodes" {
  topology 2n4l1c2t
  duration 500ms
  cgroup first  { cpuset numa(0)  workers 4 of spin_wait }
  cgroup second { cpuset llc(3)   workers 2 of spin_wait }
  expect { progress  isolation }
}
)");
    const auto outcome = run_ktstr(sandbox, {"run", "a.ktl", "--format", "json", "--out", "records"});
    INFO(outcome.output << outcome.errors);
    REQUIRE(outcome.exit.exit_code == 0);
    const auto sidecar = read_file(sandbox.path("work") / outcome.lines().at(0)["sidecar"].get<std::string>());
    const auto record = nlohmann::json::parse(*sidecar);
    const std::set<std::string> low = {"0",   "1",   "2",   "3",   "0-1", "0-2",   "0-3",  "1-2",
                                       "1-3", "2-3", "0,2", "0,3", "1,3", "0-1,3", "0,2-3"};
    const std::set<std::string> high = {"6", "7", "6-7"};
    for (const auto& worker : record["workers"])
        CHECK((worker["cgroup"] == "first" ? low : high).contains(worker["cpus"].get<std::string>()));
}

TEST_CASE("two runs at once share the cache and both pass") {
    const Sandbox first;
    const Sandbox second;
    first.write("a.ktl", steady);
    second.write("a.ktl", steady);
    Running one(first, {"run", "a.ktl"});
    Running two(second, {"run", "a.ktl"});
    const auto outcome_one = one.finish();
    const auto outcome_two = two.finish();
    INFO(outcome_one.output << outcome_one.errors << outcome_two.output << outcome_two.errors);
    CHECK(outcome_one.exit.exit_code == 0);
    CHECK(outcome_two.exit.exit_code == 0);
}

TEST_CASE("an expected failure passes, and a clean run under one fails") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", R"(
scheduler crashing { binary "scx_ktstr"  args ["--fault", "crash", "--fault-after", "300"] }
scenario "caught" {
  scheduler crashing
  duration 5s
  cgroup hot { workers 2 of spin_wait }
  expect { error contains "ktstr fault: crash" }
}
scenario "too good" {
  duration 500ms
  cgroup hot { workers 2 of spin_wait }
  expect { error contains "ktstr fault: crash" }
}
)");
    const auto outcome = run_ktstr(sandbox, {"run", "a.ktl", "--format", "json", "--out", "records"});
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 1);
    for (const auto& line : outcome.lines()) {
        if (line["type"] != "scenario") continue;
        CHECK(line["verdict"] == (line["name"] == "caught" ? "pass" : "fail"));
    }
}

TEST_CASE("the scenarios that ship with ktstr are all green") {
    const Sandbox sandbox;
    const auto outcome = run_ktstr(sandbox, {"run", KTSTR_SCENARIOS, "--format", "json", "--out", "records"});
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 0);
    CHECK(outcome.lines().size() >= 17);
    CHECK(sandbox.leftovers().empty());
}
