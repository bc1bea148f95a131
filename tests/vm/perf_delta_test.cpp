// SPDX-License-Identifier: GPL-2.0-only
// `ktstr perf-delta` on machines that boot.
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <csignal>
#include <utility>

#include "ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;

namespace fs = std::filesystem;

namespace {

std::string spinning(const std::string& bound) {
    return "scenario \"spinning\" {\n"
           "  topology 1n1l1c1t\n"
           "  duration 300ms\n"
           "  cgroup a { workers 1 of spin_wait }\n"
           "  expect { throughput(a) >= " +
           bound + " }\n}\n";
}

// The records below a folder.
std::vector<std::string> records_in(const fs::path& folder) {
    std::vector<std::string> records;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.path().string().ends_with(".ktstr.json")) records.push_back(*read_file(entry.path()));
    return records;
}

} // namespace

TEST_CASE("perf-delta keeps each run of both sides, and catches a scheduler that burns the time of its callers") {
    const Sandbox sandbox;
    const std::string file = KTSTR_SCENARIOS "/perf/handing_over.ktl";
    const auto outcome = run_ktstr(sandbox, {"perf-delta", file, "--runs", "4", "--duration", "500ms", "--scheduler",
                                             KTSTR_FIXTURE_SCHEDULER, "--scheduler-args=--spin-ns 2000000", "--json"});
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 1);
    const auto document = nlohmann::json::parse(outcome.output);
    const fs::path directory = document["directory"].get<std::string>();
    for (const char* run : {"a-1", "a-2", "a-3", "a-4", "b-1", "b-2", "b-3", "b-4"})
        CHECK(records_in(directory / run).size() == 1);
    const auto& scenario = document["scenarios"][0];
    CHECK(scenario["a"]["passed"] == 4);
    for (const auto& metric : scenario["metrics"])
        if (metric["metric"] == "work_units_per_s") CHECK(metric["b"]["max"] < metric["a"]["min"]);
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("perf-delta takes its baseline from another checkout, where the paths count from") {
    const Sandbox sandbox;
    sandbox.write("s.ktl", spinning("2/s"));
    REQUIRE(make_directories(sandbox.path("work/old")));
    sandbox.write("old/s.ktl", spinning("1/s"));
    const auto outcome = run_ktstr(sandbox, {"perf-delta", "s.ktl", "--baseline", "old", "--runs", "2", "--json"});
    INFO(outcome.output << outcome.errors);
    CHECK((outcome.exit.exit_code == 0 || outcome.exit.exit_code == 1)); // two runs a side: noise may say anything
    const auto document = nlohmann::json::parse(outcome.output);
    REQUIRE(document["scenarios"].size() == 1);
    CHECK(document["scenarios"][0]["a"]["passed"] == 2);
    CHECK(document["scenarios"][0]["b"]["passed"] == 2);
    const fs::path directory = document["directory"].get<std::string>();
    for (const auto& [run, bound] : {std::pair("a-1", ">= 1/s"), std::pair("b-1", ">= 2/s")}) {
        const auto records = records_in(directory / run);
        REQUIRE(records.size() == 1);
        CHECK(records[0].find(bound) != std::string::npos);
    }
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("perf-delta that is interrupted ends its machines, keeps what was measured and compares nothing") {
    const Sandbox sandbox;
    sandbox.write("s.ktl", spinning("1/s"));
    Running running(sandbox, {"perf-delta", "s.ktl", "--runs", "50", "--baseline", "."});
    const auto has_a_record = [&sandbox] {
        const fs::path root = sandbox.path("work/ktstr-runs");
        return fs::exists(root) && !records_in(root).empty();
    };
    while (!has_a_record()) REQUIRE_FALSE(running.process().wait_for(std::chrono::milliseconds(50)));
    running.process().send_signal(SIGINT);
    const auto outcome = running.finish();
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 130);
    CHECK(outcome.output.find("Welch") == std::string::npos);
    CHECK_FALSE(records_in(sandbox.path("work/ktstr-runs")).empty());
    CHECK(sandbox.leftovers().empty());
}
