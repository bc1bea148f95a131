// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <sstream>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;

namespace {

std::vector<std::string> listed(const Sandbox& sandbox, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "list");
    const auto outcome = run_ktstr(sandbox, arguments);
    INFO(outcome.errors);
    REQUIRE(outcome.exit.exit_code == 0);
    std::vector<std::string> lines;
    std::istringstream stream(outcome.output);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

bool has(const std::vector<std::string>& lines, const std::string& line) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
}

} // namespace

TEST_CASE("every catalogue is listed one name per line") {
    const Sandbox sandbox;
    CHECK(has(listed(sandbox, {"ops"}), "swap_cpusets"));
    CHECK(has(listed(sandbox, {"work-types"}), "futex_ping_pong"));
    CHECK(has(listed(sandbox, {"patterns"}), "converges to"));
    CHECK(has(listed(sandbox, {"presets"}), "two_socket"));
    CHECK(has(listed(sandbox, {"policies"}), "deadline"));
    CHECK(has(listed(sandbox, {"keywords"}), "swap_cpusets op"));
    CHECK(has(listed(sandbox, {"functions"}), "disjoint"));
    CHECK(has(listed(sandbox, {"schedulers"}), "ktstr"));
}

TEST_CASE("every word of a catalogue has a summary") {
    const Sandbox sandbox;
    for (const char* name :
         {"ops", "work-types", "patterns", "presets", "policies", "keywords", "functions", "monitor"}) {
        const auto lines = run_ktstr(sandbox, {"list", name, "--format", "json"}).lines();
        CHECK(lines.size() >= 7);
        for (const auto& line : lines) {
            INFO(line.dump());
            CHECK_FALSE(line["summary"].get<std::string>().empty());
        }
        CHECK(listed(sandbox, {name, "--long"}).size() == lines.size());
    }
}

TEST_CASE("ops are listed by the words of the language, with the plan's name where it is another") {
    const Sandbox sandbox;
    const auto lines = listed(sandbox, {"ops"});
    for (const char* word :
         {"freeze", "unfreeze", "run", "wait", "kill", "snapshot", "watch", "pin_map", "capture_procs", "ctprof"})
        CHECK(has(lines, word));
    for (const char* name : {"freeze_cgroup", "run_payload", "capture_snapshot", "pin_bpf_map"})
        CHECK_FALSE(has(lines, name));
    const auto all = listed(sandbox, {"ops", "--long"});
    CHECK(std::any_of(all.begin(), all.end(), [](const std::string& line) {
        return line.starts_with("freeze ") && line.ends_with(" (`freeze_cgroup` in plans)");
    }));
    CHECK(std::none_of(all.begin(), all.end(), [](const std::string& line) {
        return line.starts_with("spawn ") && line.find("in plans") != std::string::npos;
    }));
    for (const auto& line : run_ktstr(sandbox, {"list", "ops", "--format", "json"}).lines())
        if (line["name"] == "watch") CHECK(line["plan"] == "watch_snapshot");
}

TEST_CASE("the monitor's values are listed") {
    const Sandbox sandbox;
    CHECK(has(listed(sandbox, {"monitor"}), "imbalance"));
    for (const auto& line : run_ktstr(sandbox, {"list", "monitor", "--format", "json"}).lines()) {
        if (line["name"] == "imbalance") CHECK(line["counter"] == false);
        if (line["name"] == "dispatch_keep_last") CHECK(line["counter"] == true);
    }
}

TEST_CASE("a work type is listed with its parameters, their units and ranges") {
    const Sandbox sandbox;
    for (const auto& line : run_ktstr(sandbox, {"list", "work-types", "--format", "json"}).lines()) {
        if (line["name"] != "bursty") continue;
        CHECK(line["category"] == "sleep");
        CHECK(line["group_size"] == 1);
        REQUIRE(line["parameters"].size() == 2);
        CHECK(line["parameters"][0]["name"] == "burst");
        CHECK(line["parameters"][0]["kind"] == "duration");
        CHECK(line["parameters"][0]["default"] == 2'000'000);
        CHECK(line["parameters"][0]["maximum"] == 10e9);
        return;
    }
    FAIL("bursty is not listed");
}

TEST_CASE("presets say their shape, and what files declare is listed beside the standard library's") {
    const Sandbox sandbox;
    const auto presets = listed(sandbox, {"presets", "--long"});
    CHECK(std::any_of(presets.begin(), presets.end(), [](const std::string& line) {
        return line.starts_with("medium ") && line.find(" 1n2l4c1t: ") != std::string::npos;
    }));
    sandbox.write("mine.ktl", R"(# Runs what waits longest.
scheduler mine { binary "scx_mine" }
private scheduler hidden { binary "scx_mine" }
payload bench { binary "bench" }
template steady(n = 2) { cgroup a { workers n of spin_wait } }   # n hogs
)");
    CHECK(has(listed(sandbox, {"schedulers", "mine.ktl"}), "mine"));
    CHECK_FALSE(has(listed(sandbox, {"schedulers", "mine.ktl"}), "hidden"));
    CHECK(has(listed(sandbox, {"payloads", "mine.ktl"}), "bench"));
    CHECK(has(listed(sandbox, {"templates", "mine.ktl"}), "steady"));
    const auto lines = run_ktstr(sandbox, {"list", "schedulers", "mine.ktl", "--format", "json"}).lines();
    CHECK(lines.back() ==
          nlohmann::json{{"name", "mine"}, {"summary", "Runs what waits longest."}, {"module", "mine.ktl"}});
    const auto missing = run_ktstr(sandbox, {"list", "schedulers", "gone.ktl"});
    CHECK(missing.exit.exit_code == 64);
    CHECK(missing.errors.find("gone.ktl") != std::string::npos);
}

TEST_CASE("a file that is called like a catalogue is a file") {
    const Sandbox sandbox;
    sandbox.write("ops", "scenario \"in a file called ops\" { cgroup a { workers 1 of spin_wait } }\n");
    CHECK(listed(sandbox, {"ops"}).at(0).starts_with("in a file called ops  eevdf  "));
}
