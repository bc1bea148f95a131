// SPDX-License-Identifier: GPL-2.0-only
// The patterns of std.payloads against what the programs print.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <map>
#include <regex>

#include "interp/compile/compile.h"

namespace ktstr::test {

namespace {

std::map<std::string, plan::Payload> payloads() {
    const std::filesystem::path file = std::filesystem::path(KTSTR_SOURCE_DIRECTORY) / "tests/stdlib/payloads.ktl";
    const auto result = compile_paths({file}, {});
    REQUIRE(result.ok());
    REQUIRE_FALSE(result->scenarios.empty());
    std::map<std::string, plan::Payload> found;
    for (const auto& payload : result->scenarios.front().plan.payloads) found[payload.name] = payload;
    return found;
}

// The metrics that the payload's pattern finds in a text.
std::map<std::string, std::string> metrics_in(const plan::Payload& payload, const std::string& text) {
    std::smatch match;
    std::map<std::string, std::string> found;
    if (!std::regex_search(text, match, std::regex(payload.pattern, std::regex::ECMAScript))) return found;
    for (std::size_t i = 0; i < payload.metrics.size(); ++i) found[payload.metrics[i].name] = match[i + 1];
    return found;
}

} // namespace

TEST_CASE("the library knows six programs, with units and polarities") {
    const auto known = payloads();
    CHECK(known.size() == 6);
    for (const auto& [name, payload] : known) {
        INFO(name);
        CHECK_FALSE(payload.checks.empty());
        CHECK((payload.output == plan::Payload::Output::exit_code) == payload.metrics.empty());
    }
}

TEST_CASE("the metrics of stress-ng are read from its brief table") {
    // stress-ng 0.15.06
    const auto found = metrics_in(payloads().at("stress_ng"), R"(
stress-ng: info:  [29845] dispatching hogs: 2 cpu
stress-ng: metrc: [29845] stressor       bogo ops real time  usr time  sys time   bogo ops/s     bogo ops/s
stress-ng: metrc: [29845]                           (secs)    (secs)    (secs)   (real time) (usr+sys time)
stress-ng: metrc: [29845] cpu                  28      1.03      0.02      0.00        27.13        1471.90
stress-ng: info:  [29845] successful run completed in 1.59s
)");
    CHECK(found.at("bogo_ops") == "28");
    CHECK(found.at("real_time") == "1.03");
    CHECK(found.at("bogo_ops_per_cpu_second") == "1471.90");
}

TEST_CASE("the time of hackbench is read from its last line") {
    // hackbench V 2.40
    const auto found = metrics_in(payloads().at("hackbench"), R"(
Running in process mode with 1 groups using 4 file descriptors each (== 4 tasks)
Each sender will pass 10 messages of 100 bytes
Time: 0.014
)");
    CHECK(found.at("time") == "0.014");
}

TEST_CASE("the latencies of cyclictest are read from the line of thread 0") {
    // rt-tests 2.40
    const auto found = metrics_in(payloads().at("cyclictest"),
                                  "T: 0 (29868) P: 0 I:1000 C:    155 Min:     70 Act:   78 Avg: 5802 Max:  367980\n");
    CHECK(found.at("cycles") == "155");
    CHECK(found.at("latency_min") == "70");
    CHECK(found.at("latency_mean") == "5802");
    CHECK(found.at("latency_max") == "367980");
}

} // namespace ktstr::test
