// SPDX-License-Identifier: GPL-2.0-only
// Verdicts and exit codes of real runs.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "base/file.h"
#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

namespace {

std::filesystem::path shipped(const std::string& name) {
    return std::filesystem::path(KTSTR_SCENARIOS) / "verdicts" / name;
}

} // namespace

TEST_CASE("an expected repro runs a crash twice and keeps the second with the scheduler's last state") {
    const Sandbox sandbox;
    const auto outcome = run_ktstr(sandbox, {"run", shipped("repro.ktl").string(), "--format", "json"});
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 0);
    const auto lines = outcome.lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0]["verdict"] == "pass");
    const auto sidecar = sandbox.path("work") / lines[0]["sidecar"].get<std::string>();
    const auto record = json::parse(*read_file(sidecar));
    CHECK(record["expected_failure"] == true);
    CHECK(record["repro"]["valid"] == true);
    std::string stem = sidecar.string();
    stem.resize(stem.size() - std::string(".ktstr.json").size());
    const auto repro = json::parse(*read_file(stem + ".repro.json"));
    CHECK(repro["first"] == repro["again"]);
    CHECK(repro["record"]["monitor"]["interval_ns"] == 10'000'000);
    CHECK(repro["record"]["seed"] == record["seed"]);
    CHECK(repro["captured"]["snapshots"].dump().find("scheduler_exit") != std::string::npos);
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("a check that runs away fails its scenario, and nothing of the machine is left behind") {
    const Sandbox sandbox;
    const auto file = sandbox.write("a.ktl", "scenario \"endless\" {\n  topology 1n1l1c1t\n  duration 200ms\n"
                                             "  cgroup a { workers 1 of spin_wait }\n"
                                             "  check \"c\" lua [[ while true do end ]]\n}\n");
    const auto outcome = run_ktstr(sandbox, {"run", file.string(), "--format", "ktap"});
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 1);
    CHECK_THAT(outcome.output, ContainsSubstring("  not ok 2 check \"c\"") && ContainsSubstring("instructions"));
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("what is skipped or inconclusive counts in the exit code as the options say") {
    const Sandbox sandbox;
    const auto file =
        sandbox.write("a.ktl", "param forgiving = false\n"
                               "scenario \"skipped\" {\n  topology 1n1l1c1t\n  duration 200ms\n"
                               "  cgroup a { workers 1 of spin_wait }\n"
                               "  check \"c\" lua [[ skip(\"not today\") ]]\n}\n"
                               "scenario \"silent\" {\n  topology 1n1l1c1t\n  duration 200ms\n"
                               "  cgroup a { workers 1 of spin_wait }\n"
                               "  expect { p99(wake_latency) <= 1s  if forgiving { allow inconclusive } }\n}\n");
    const auto code = [&](std::vector<std::string> options) {
        options.insert(options.begin(), {"run", file.string()});
        const auto outcome = run_ktstr(sandbox, options);
        INFO(outcome.output << outcome.errors);
        CHECK_THAT(outcome.output, ContainsSubstring("1 inconclusive, 1 skipped"));
        CHECK_THAT(outcome.output, ContainsSubstring("not today"));
        return outcome.exit.exit_code;
    };
    CHECK(code({}) == 2);
    CHECK(code({"--no-skip", "--allow-inconclusive"}) == 1);
    CHECK(code({"-P", "forgiving=true"}) == 0);
}
