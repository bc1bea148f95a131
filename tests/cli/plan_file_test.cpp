// SPDX-License-Identifier: GPL-2.0-only
// Plans as files: round trips, and what is said of wrong ones before anything boots.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;

namespace {

const std::string one_scenario = R"(scenario "first" {
  duration 500ms
  cgroup hot { workers 2 of spin_wait }
  expect { progress }
}
)";

const std::string two_scenarios = one_scenario + R"(
scenario "second" {
  duration 500ms
  cgroup hot { workers 1 of bursty }
  expect { progress }
}
)";

// What `ktstr plan` prints of the text.
std::string plans(const Sandbox& sandbox, const std::string& text) {
    sandbox.write("source.ktl", text);
    const auto outcome = run_ktstr(sandbox, {"plan", "source.ktl"});
    REQUIRE(outcome.exit.exit_code == 0);
    return outcome.output;
}

// The standard error of a command that ends with 64 and prints nothing else.
std::string refusal(const Sandbox& sandbox, std::vector<std::string> arguments) {
    const auto outcome = run_ktstr(sandbox, std::move(arguments));
    INFO(outcome.errors);
    CHECK(outcome.exit.exit_code == 64);
    CHECK(outcome.output.empty());
    return outcome.errors;
}

std::string refusal_of_file(const Sandbox& sandbox, const std::string& content) {
    sandbox.write("x.plan.json", content);
    const std::string of_plan = refusal(sandbox, {"plan", "x.plan.json"});
    CHECK(refusal(sandbox, {"run", "x.plan.json"}) == of_plan);
    return of_plan;
}

nlohmann::json one_plan(const Sandbox& sandbox) { return nlohmann::json::parse(plans(sandbox, one_scenario)); }

} // namespace

TEST_CASE("the plan of a plan file is that file, byte for byte") {
    const Sandbox sandbox;
    const std::string printed = plans(sandbox, two_scenarios);
    sandbox.write("a.plan.json", printed);
    const auto again = run_ktstr(sandbox, {"plan", "a.plan.json"});
    CHECK(again.exit.exit_code == 0);
    CHECK(again.output == printed);
    const auto hashes = run_ktstr(sandbox, {"plan", "--hash", "a.plan.json"});
    CHECK(hashes.output == run_ktstr(sandbox, {"plan", "--hash", "source.ktl"}).output);
}

TEST_CASE("every plan that ships survives the way through a file") {
    const Sandbox sandbox;
    const auto printed = run_ktstr(sandbox, {"plan", KTSTR_SCENARIOS});
    REQUIRE(printed.exit.exit_code == 0);
    sandbox.write("all.plan.json", printed.output);
    CHECK(run_ktstr(sandbox, {"plan", "all.plan.json"}).output == printed.output);
}

TEST_CASE("a filter picks among the plans of a file, and one that matches nothing says so") {
    const Sandbox sandbox;
    sandbox.write("a.plan.json", plans(sandbox, two_scenarios));
    const auto second = run_ktstr(sandbox, {"plan", "--hash", "a.plan.json", "--filter", "sec*"});
    CHECK(second.output.ends_with("  second\n"));
    CHECK(std::count(second.output.begin(), second.output.end(), '\n') == 1);
    const auto nothing_in = [](const std::string& file) {
        return "ktstr: no scenario matches\n  hint: `ktstr list " + file + "` shows their names\n";
    };
    CHECK(refusal(sandbox, {"plan", "a.plan.json", "--filter", "third"}) == nothing_in("a.plan.json"));
    CHECK(refusal(sandbox, {"run", "a.plan.json", "--filter", "third"}) == nothing_in("a.plan.json"));
    CHECK(refusal(sandbox, {"run", "source.ktl", "--filter", "third"}) == nothing_in("source.ktl"));
}

TEST_CASE("the scenarios of plan files are listed like those of sources, and a plan file that is none is refused") {
    const Sandbox sandbox;
    sandbox.write("a.plan.json", plans(sandbox, two_scenarios));
    const auto listed = run_ktstr(sandbox, {"list", "source.ktl", "a.plan.json", "--format", "json"}).lines();
    REQUIRE(listed.size() == 4);
    CHECK(listed[2]["name"] == listed[0]["name"]);
    CHECK(listed[0]["file"] == "source.ktl");
    CHECK(listed[2]["file"] == "a.plan.json");
    sandbox.write("none.json", "{}");
    const auto refused = run_ktstr(sandbox, {"list", "none.json"});
    CHECK(refused.exit.exit_code == 64);
    CHECK(refused.errors.find("none.json") != std::string::npos);
}

TEST_CASE("a plan file that is cut short is named with the line where it ends") {
    const Sandbox sandbox;
    const std::string whole = one_plan(sandbox).dump(2);
    const std::string message = refusal_of_file(sandbox, whole.substr(0, whole.size() / 2));
    CHECK(message.starts_with("ktstr: x.plan.json: line "));
    CHECK(message.find(" is not JSON: ") != std::string::npos);
    CHECK(message.find("hint: a plan file holds what `ktstr plan` prints") != std::string::npos);
}

TEST_CASE("JSON that is no plan is refused") {
    const Sandbox sandbox;
    CHECK(refusal_of_file(sandbox, "{\"a\": 1}") == "ktstr: x.plan.json: plan.plan_version is missing\n");
    CHECK(refusal_of_file(sandbox, "7") == "ktstr: x.plan.json: plan is not an object\n");
    CHECK(refusal_of_file(sandbox, "").starts_with("ktstr: x.plan.json: there is no plan in it\n  hint: "));
}

TEST_CASE("a plan of another version is refused with the way out") {
    const Sandbox sandbox;
    auto plan = one_plan(sandbox);
    plan["plan_version"] = 1;
    CHECK(refusal_of_file(sandbox, plan.dump()) ==
          "ktstr: x.plan.json: plan.plan_version is 1, this version of ktstr knows 2\n"
          "  hint: make it again with this version's `ktstr plan`\n");
}

TEST_CASE("a wrong member is named by its path, with the plan's number among several") {
    const Sandbox sandbox;
    auto plan = one_plan(sandbox);
    plan["steps"][0]["ops"][0]["spec"]["works"][0]["workers"] = "two";
    const std::string path = ".steps[0].ops[0].spec.works[0].workers is not an integer in range\n";
    CHECK(refusal_of_file(sandbox, plan.dump()) == "ktstr: x.plan.json: plan" + path);
    CHECK(refusal_of_file(sandbox, one_plan(sandbox).dump() + "\n" + plan.dump()) ==
          "ktstr: x.plan.json: plan[1]" + path);
    auto surplus = one_plan(sandbox);
    surplus["steps"][0]["hold"] = 1;
    CHECK(refusal_of_file(sandbox, surplus.dump()) == "ktstr: x.plan.json: plan.steps[0].hold is not known\n");
}

TEST_CASE("a plan file that is a folder, or not there, is named") {
    const Sandbox sandbox;
    std::filesystem::create_directory(sandbox.path("work") / "folder.json");
    CHECK(refusal(sandbox, {"plan", "folder.json"}).find("folder.json") != std::string::npos);
    CHECK(refusal(sandbox, {"run", "folder.json"}).find("folder.json") != std::string::npos);
    CHECK(refusal(sandbox, {"run", "gone.json"}).find("gone.json: ENOENT") != std::string::npos);
}

TEST_CASE("what a plan needs of the host is said before anything boots, at its place in the source") {
    const Sandbox sandbox;
    const std::string text = "payload p { binary \"./gone\" }\n"
                             "scenario \"s\" {\n  duration 500ms\n  cgroup hot { workers 1 of spin_wait }\n"
                             "  run p in hot\n}\n";
    sandbox.write("x.plan.json", plans(sandbox, text));
    for (const char* path : {"x.plan.json", "source.ktl"}) // they have looked in different places
        CHECK(refusal(sandbox, {"run", path})
                  .starts_with("source.ktl:1:9: error: payload 'p': there is no program './gone' (looked at "));
}

TEST_CASE("what a plan has in it cannot be changed by options") {
    const Sandbox sandbox;
    sandbox.write("x.plan.json", one_plan(sandbox).dump());
    for (const std::vector<std::string>& option :
         std::vector<std::vector<std::string>>{{"--topology", "1n1l4c1t"}, {"--duration", "2s"}, {"-P", "a=1"}}) {
        std::vector<std::string> arguments = {"run", "x.plan.json"};
        arguments.insert(arguments.end(), option.begin(), option.end());
        CHECK(refusal(sandbox, arguments).starts_with("ktstr: " + option[0] + " does not go with the plan file"));
    }
    CHECK(refusal(sandbox, {"run", "x.plan.json", "--gauntlet", "ci"}) ==
          "ktstr: the plan file x.plan.json has no gauntlets\n  hint: they are in .ktl files\n");
}

TEST_CASE("a plan file is explained like its source, and keeps the places of it") {
    const Sandbox sandbox;
    sandbox.write("x.plan.json", one_plan(sandbox).dump());
    const auto of_file = run_ktstr(sandbox, {"plan", "--explain", "x.plan.json"});
    CHECK(of_file.exit.exit_code == 0);
    CHECK(of_file.output == run_ktstr(sandbox, {"plan", "--explain", "source.ktl"}).output);
    CHECK(of_file.output.starts_with("scenario \"first\"  source.ktl:1\n"));
}
