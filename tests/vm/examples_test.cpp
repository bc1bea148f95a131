// SPDX-License-Identifier: GPL-2.0-only
// Whole files as people write them, and what is said of them.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cstdlib>

#include "base/file.h"
#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::Matches;
using nlohmann::json;

namespace {

std::string source_of(const std::string& name) {
    const auto text = read_file(std::filesystem::path(KTSTR_VM_TESTS) / name);
    REQUIRE(text);
    return *text;
}

void write_program(const Sandbox& sandbox, const std::string& name, const std::string& content) {
    std::filesystem::permissions(sandbox.write(name, content), std::filesystem::perms(0755));
}

// The record of a file's one scenario.
json record_of(const Sandbox& sandbox, const std::string& text) {
    sandbox.write("a.ktl", text);
    const auto outcome = run_ktstr(sandbox, {"run", "a.ktl", "--format", "json"});
    INFO(outcome.errors);
    const auto lines = outcome.lines();
    REQUIRE(lines.size() == 2);
    const auto record = read_file(sandbox.path("work") / lines[0]["sidecar"].get<std::string>());
    REQUIRE(record);
    return json::parse(*record);
}

} // namespace

TEST_CASE("each pattern over time that fails says at which sample, and what the value was there") {
    const Sandbox sandbox;
    const json record = record_of(sandbox, source_of("failing_patterns.ktl"));
    json patterns;
    for (const auto& assertion : record["assertions"])
        if (assertion["kind"] == "formula") patterns.push_back(assertion);
    const std::string sample = R"(periodic_00\d \(\+[\d.]+ m?s\))";
    const std::vector<std::string> words = {
        sample + R"( is \d+ after \d+ at )" + sample + ".*",
        sample + " is 5000000, as " + sample + R"( \(the first of \d of \d steps\))",
        sample + R"( is [\d.]+/s \(the first of \d of \d samples.*)",
        sample + R"( is \d+, [\d.]+ % off the mean of .*)",
        R"(no three of \d samples in a row lie within 999999 \.\. 1000001 by \+3 s; the closest .* 3999999 outside)",
        sample + R"( is \d+ \(the first of \d of \d samples.*)",
        sample + R"( is \d+ \(the first of \d of \d samples.*)",
        sample + R"( is 0\.\d+ \(the first of \d of \d samples.*)",
        R"(mean\(bpf\.nr_tasks, "calm"\) is [\d.]+, mean\(bpf\.nr_tasks, "crowded"\) is [\d.]+)",
        R"(at none of \d samples; the closest: )" + sample + R"( is \d+)",
        R"(`bpf\.nr_tasks >= 1000` holds at none of \d samples; the closest: )" + sample + R"( is \d+)",
        "at " + sample + R"( bpf\.nr_tasks is .*`always\[0s, 500ms\] bpf\.nr_tasks >= 1000` does not hold.*)",
        R"(`eventually\[0s, 3s\] bpf\.nr_tasks >= 1` holds: )" + sample + R"( is \d+)",
        R"(it fails at 3 samples in a row, of which the first: monitor_\d+ \(.*\) is \d+)",
        R"(bpf\.nr_dispatchd has no value: no variable 'nr_dispatchd' \(captured: .*nr_dispatched.*\))"};
    REQUIRE(patterns.size() == words.size());
    for (std::size_t i = 0; i < words.size(); ++i) {
        INFO(patterns[i].dump(1));
        CHECK(patterns[i]["outcome"] == (i + 1 < words.size() ? "fail" : "inconclusive")); // the last has no value
        const std::string written = patterns[i]["written"];
        const std::string message = patterns[i]["message"];
        REQUIRE(message.starts_with(written + ": "));
        CHECK_THAT(message.substr(written.size() + 2), Matches(words[i]));
        CHECK(patterns[i]["source"]["line"] == 16 + i);
    }
}

// Stand-ins for the programs that it names: the fixture scheduler, and one that prints what schbench's report holds.
TEST_CASE("the example that the language was designed with runs to the letter, and is judged in all it expects") {
    const Sandbox sandbox;
    ::setenv("PATH", (sandbox.path("work").string() + ":" + std::getenv("PATH")).c_str(), 1);
    const auto scheduler = read_file(KTSTR_FIXTURE_SCHEDULER);
    REQUIRE(scheduler);
    write_program(sandbox, "scx_mitosis", *scheduler);
    write_program(sandbox, "schbench",
                  "#!/bin/sh\necho '{\"int\": {\"wakeup_latency_pct99.0\": 55, \"rps_pct50.0\": 240}}'\n");
    const json record = record_of(sandbox, source_of("whiteboard.ktl"));
    CHECK(record["end"] == "completed");
    CHECK(record["assertions"].size() >= 17);
    for (const auto& assertion : record["assertions"]) {
        INFO(assertion.dump(1));
        if (assertion["written"] == "p99(wake_latency, hot) <= 500us") continue; // spinning workers never wake
        CHECK(assertion["outcome"] != "inconclusive");
        CHECK(assertion["message"].get<std::string>().find("has no value") == std::string::npos);
    }
}
