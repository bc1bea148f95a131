// SPDX-License-Identifier: GPL-2.0-only
// Where the records of runs go, and what they say of where they come from.
#include <catch2/catch_test_macros.hpp>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;
namespace fs = std::filesystem;

namespace {

constexpr const char* with_scheduler = R"(
use std.schedulers

scenario "kept" {
  scheduler ktstr
  duration 300ms
  cgroup hot { workers 1 of spin_wait }
  expect { progress }
}
)";

// No machine is booted for it.
constexpr const char* without_time = R"(
scenario "long" { duration 100s  cgroup a { workers 1 of spin_wait }  expect { progress } }
gauntlet "ci" { scenarios all  seeds 1..2  budget 1s }
)";

// `ktstr run ARGUMENTS` with these variables.
Outcome run_with(const Sandbox& sandbox, std::vector<std::string> variables,
                 const std::vector<std::string>& arguments) {
    variables.insert(variables.begin(), "env");
    variables.insert(variables.end(), {KTSTR_PROGRAM, "run", "a.ktl", "--format", "json"});
    variables.insert(variables.end(), arguments.begin(), arguments.end());
    return Running(sandbox, std::move(variables)).finish();
}

nlohmann::json record_of(const Sandbox& sandbox, const nlohmann::json& line) {
    const auto content = read_file(sandbox.path("work") / line["sidecar"].get<std::string>());
    REQUIRE(content);
    return nlohmann::json::parse(*content);
}

} // namespace

TEST_CASE("a record says where it comes from, obeys its schema, and its plan runs again as the same variant") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", with_scheduler);
    const auto outcome =
        run_with(sandbox, {"KTSTR_PROJECT_COMMIT=0123abc", "KTSTR_KERNEL_COMMIT=89abcde-dirty", "KTSTR_CI=1"}, {});
    INFO(outcome.output << outcome.errors);
    REQUIRE(outcome.exit.exit_code == 0);
    CHECK(outcome.errors.find("KTSTR_PROJECT_COMMIT") == std::string::npos);
    const auto line = outcome.lines().at(0);
    const auto record = record_of(sandbox, line);
    const fs::path path = sandbox.path("work") / line["sidecar"].get<std::string>();
    CHECK(path.parent_path().filename() == record["kernel_version"].get<std::string>() + "-0123abc");
    CHECK(path.parent_path().parent_path().filename() == "ktstr-runs");
    CHECK(record["project_commit"] == "0123abc");
    CHECK(record["kernel_commit"] == "89abcde-dirty");
    CHECK(record["run_source"] == "ci");
    CHECK(record["scheduler_source"] == "sibling_dir");
    CHECK(record["scheduler_sha256"].get<std::string>().size() == 64);
    CHECK(record["host"]["cpus"] > 0);
    CHECK(record["cpu_budget"] > 0);
    const auto checked =
        run_command({.arguments = {"python3", KTSTR_SIDECAR_SCHEMA_TEST, KTSTR_SIDECAR_SCHEMA, path.string()}}, true);
    REQUIRE(checked);
    INFO(checked->output);
    CHECK(checked->exit.clean());
    const auto again =
        run_ktstr(sandbox, {"plan", (path.parent_path() / record["plan"].get<std::string>()).string(), "--hash"});
    CHECK(again.output.substr(0, 64) == record["plan_hash"]);
}

TEST_CASE("what is skipped leaves a record, a session clears the last one's, and the environment says where they go") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", without_time);
    const auto skip = [&](std::vector<std::string> variables, const std::vector<std::string>& more = {}) {
        std::vector<std::string> arguments = {"--gauntlet", "ci"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        auto outcome = run_with(sandbox, std::move(variables), arguments);
        INFO(outcome.output << outcome.errors);
        REQUIRE(outcome.exit.exit_code == 0);
        return outcome;
    };
    const auto first = skip({"KTSTR_RUNS_ROOT=records"});
    CHECK(first.errors.find("KTSTR_PROJECT_COMMIT") != std::string::npos); // the sandbox is no repository
    const auto line = first.lines().at(0);
    CHECK(line["verdict"] == "skip");
    const fs::path path = line["sidecar"].get<std::string>();
    const auto record = record_of(sandbox, line);
    CHECK(path.string().starts_with("records/" + record["kernel_version"].get<std::string>() + "-unknown/seed-"));
    CHECK(record["skipped"] == true);
    CHECK(record["end"].is_null());
    CHECK(record["project_commit"].is_null());
    CHECK(record["run_source"] == "local");
    CHECK(path.filename() == "long-" + record["variant"].get<std::string>() + ".ktstr.json");

    sandbox.write((path.parent_path() / "notes.txt").string(), "mine");
    const fs::path other = path.parent_path() / "gone-0123456789abcdef.ktstr.json";
    sandbox.write(other.string(), "{}");
    (void)skip({"KTSTR_RUNS_ROOT=records"});
    CHECK_FALSE(fs::exists(sandbox.path("work") / other));
    CHECK(fs::exists(sandbox.path("work") / path.parent_path() / "notes.txt"));
    (void)skip({"KTSTR_RUNS_ROOT=records", "KTSTR_RUN_EPOCH=one"});
    sandbox.write(other.string(), "{}");
    (void)skip({"KTSTR_RUNS_ROOT=records", "KTSTR_RUN_EPOCH=one"});
    CHECK(fs::exists(sandbox.path("work") / other));

    const auto verbatim = skip({"KTSTR_SIDECAR_DIR=mine"});
    CHECK(verbatim.lines().at(0)["sidecar"].get<std::string>().starts_with("mine/seed-"));
    CHECK_FALSE(fs::exists(sandbox.path("work/mine/.ktstr_run_epoch")));
    const auto named = skip({"KTSTR_SIDECAR_DIR=mine", "KTSTR_RUNS_ROOT=records"}, {"--out", "named"});
    CHECK(named.lines().at(0)["sidecar"].get<std::string>().starts_with("named/"));
    const auto kernel = run_with(sandbox, {"KTSTR_KERNEL=1.2.3"}, {});
    CHECK(kernel.exit.exit_code == 64);
    CHECK(kernel.errors.find("1.2.3") != std::string::npos);
}
