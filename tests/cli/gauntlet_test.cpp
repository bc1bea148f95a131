// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;

namespace {

constexpr const char* file = R"(scheduler mine {
  binary "scx_mine"
  flag fast { args ["--fast"] }
}

scenario "narrow" {
  scheduler mine
  duration 1s
  cgroup a { workers 1 of spin_wait }
}

scenario "wide" {
  duration 1s
  topology 1n1l8c1t
  cgroup a { cpuset 4-7  workers 1 of spin_wait }
}

gauntlet "ci" {
  scenarios  all
  topologies [1n1l2c1t, 1n1l8c1t]
  flags      powerset of mine
  kernels    ["6.12", "6.19"]
  seeds      1..2
  budget     10min
}

gauntlet "small" {
  scenarios  ["wide"]
  topologies [1n1l2c1t]
}
)";

// "narrow 1n1l2c1t fast" of each plan that is printed.
std::vector<std::string> planned(const Sandbox& sandbox, const std::vector<std::string>& options) {
    std::vector<std::string> arguments = {"plan", "a.ktl", "--gauntlet", "ci"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const auto outcome = run_ktstr(sandbox, arguments);
    INFO(outcome.errors);
    REQUIRE(outcome.exit.exit_code == 0);
    std::vector<std::string> result;
    std::string text = outcome.output;
    while (!text.empty()) {
        const auto end = text.find("\n}\n") + 3;
        const auto plan = nlohmann::json::parse(text.substr(0, end));
        std::string shown =
            plan["scenario"].get<std::string>() + " " + std::to_string(plan["topology"]["cores"].get<int>());
        for (const auto& scheduler : plan["schedulers"])
            for (const auto& flag : scheduler["flags"]) shown += " " + flag.get<std::string>();
        result.push_back(shown);
        text.erase(0, end);
    }
    return result;
}

using Shown = std::vector<std::string>;

} // namespace

TEST_CASE("a gauntlet's plans are every combination that is possible, each once") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", file);
    CHECK(planned(sandbox, {}) == Shown{"narrow 2", "narrow 2 fast", "narrow 8", "wide 8", "narrow 8 fast"});
    CHECK(planned(sandbox, {"--filter", "wide"}) == Shown{"wide 8"});
}

TEST_CASE("a combination that does not fit its topology is left out by name and with the reason") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", file);
    const auto outcome = run_ktstr(sandbox, {"plan", "a.ktl", "--gauntlet", "ci", "--hash"});
    CHECK(outcome.exit.exit_code == 0);
    const std::string line = "ktstr: skipped: \"wide\" on 1n1l2c1t (8 combinations): a.ktl:15:21: ";
    CHECK(outcome.errors.find(line) != std::string::npos);
    CHECK(outcome.errors.find("skipped") == outcome.errors.rfind("skipped"));
    CHECK(outcome.errors.find("\"narrow\"") == std::string::npos);
}

TEST_CASE("the explanation of a variant says which combination it is") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", file);
    const auto outcome = run_ktstr(sandbox, {"plan", "a.ktl", "--gauntlet", "ci", "--explain"});
    for (const char* heading : {"scenario \"narrow\" with 1n1l2c1t, flags []  a.ktl:6\n",
                                "scenario \"narrow\" with 1n1l8c1t, flags [fast]  a.ktl:6\n",
                                "scenario \"wide\" with 1n1l8c1t, flags []  a.ktl:12\n"}) {
        INFO(heading);
        CHECK(outcome.output.find(heading) != std::string::npos);
    }
}

TEST_CASE("a scenario that fits no topology of its gauntlet is an error") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", file);
    for (const char* command : {"plan", "run"}) {
        const auto outcome = run_ktstr(sandbox, {command, "a.ktl", "--gauntlet", "small"});
        CHECK(outcome.exit.exit_code == 64);
        CHECK(outcome.output.empty());
        CHECK(outcome.errors.find("a.ktl:15:21") != std::string::npos);
    }
}

TEST_CASE("the command line's topology takes the place of the gauntlet's") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", file);
    CHECK(planned(sandbox, {"--topology", "1n1l16c1t"}) == Shown{"narrow 16", "wide 16", "narrow 16 fast"});
}

TEST_CASE("a gauntlet that is not there is refused with the closest name") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", file);
    sandbox.write("none.ktl", "scenario \"s\" { cgroup a { workers 1 of spin_wait } }\n");
    const auto close = run_ktstr(sandbox, {"run", "a.ktl", "--gauntlet", "smal"});
    CHECK(close.exit.exit_code == 64);
    CHECK(close.errors == "ktstr: there is no gauntlet \"smal\"\n  hint: did you mean `small`?\n");
    const auto none = run_ktstr(sandbox, {"plan", "none.ktl", "--gauntlet", "ci"});
    CHECK(none.exit.exit_code == 64);
    CHECK(none.errors == "ktstr: there is no gauntlet \"ci\"\n  hint: these files have none\n");
}

TEST_CASE("the gauntlets of a file are listed with their size and budget") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", file);
    CHECK(run_ktstr(sandbox, {"list", "gauntlets", "a.ktl"}).output ==
          "ci     2 scenarios in 16 combinations: 32 runs  in 600s  a.ktl\n"
          "small  1 scenario in 1 combination: 1 run                a.ktl\n");
    const auto lines = run_ktstr(sandbox, {"list", "gauntlets", "a.ktl", "--format", "json"}).lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0]["combinations"] == 16);
    CHECK(lines[0]["scenarios"] == 2);
    CHECK(lines[0]["runs"] == 32);
    CHECK(lines[1]["budget_ns"].is_null());
    CHECK(run_ktstr(sandbox, {"list", "gauntlets"}).exit.exit_code == 64);
}
