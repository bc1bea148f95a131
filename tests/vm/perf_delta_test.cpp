// SPDX-License-Identifier: GPL-2.0-only
// `ktstr perf-delta` on machines that boot.
#include <catch2/catch_test_macros.hpp>

#include "ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;

namespace fs = std::filesystem;

TEST_CASE("perf-delta keeps each run of both sides, and catches a scheduler that burns the time of its callers") {
    const Sandbox sandbox;
    const auto outcome = run_ktstr(sandbox, {"perf-delta", KTSTR_SCENARIOS "/perf/handing_over.ktl", "--runs", "4",
                                             "--duration", "500ms", "--scheduler", KTSTR_FIXTURE_SCHEDULER,
                                             "--scheduler-args=--spin-ns 2000000", "--json"});
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 1);
    const auto document = nlohmann::json::parse(outcome.output);
    const fs::path directory = document["directory"].get<std::string>();
    for (const char* run : {"a-1", "a-2", "a-3", "a-4", "b-1", "b-2", "b-3", "b-4"}) {
        int records = 0;
        for (const auto& entry : fs::recursive_directory_iterator(directory / run))
            records += entry.path().string().ends_with(".ktstr.json") ? 1 : 0;
        CHECK(records == 1);
    }
    const auto& scenario = document["scenarios"][0];
    CHECK(scenario["a"]["passed"] == 4);
    for (const auto& metric : scenario["metrics"])
        if (metric["metric"] == "work_units_per_s") CHECK(metric["b"]["max"] < metric["a"]["min"]);
    CHECK(sandbox.leftovers().empty());
}
