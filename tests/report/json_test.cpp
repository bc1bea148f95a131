// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>

#include <sstream>

#include "report/reporter.h"
#include "tests/report/made_up_result.h"

using namespace ktstr;
using namespace ktstr::test;

namespace {

std::vector<std::string> reported(const std::vector<report::ScenarioResult>& results) {
    std::ostringstream out;
    const auto reporter = report::make_reporter(report::Format::json, out);
    for (const auto& result : results) reporter->add(result);
    REQUIRE(reporter->finish(5000));
    std::vector<std::string> lines;
    std::istringstream in(out.str());
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

} // namespace

TEST_CASE("a scenario is one JSON line with the promised keys, and a summary ends the output") {
    auto without = passed_result();
    without.sidecar.clear();
    const auto lines = reported({without, failed_result()});
    REQUIRE(lines.size() == 3);
    CHECK(lines[0] ==
          R"({"type":"scenario","name":"even split","file":"scenarios/even.ktl","variant":"8f37469c49c05e23",)"
          R"("scheduler":"eevdf","topology":"1n2l2c1t","kernel":"6.12.57","verdict":"pass",)"
          R"("duration_ms":3200.0,"sidecar":null,"failures":[],"metrics":[],"skipped":null})");
    const auto failed = nlohmann::json::parse(lines[1]);
    CHECK(failed["verdict"] == "fail");
    CHECK(failed["scheduler"] == "scx_ktstr");
    CHECK(failed["sidecar"] == "out/uneven.ktstr.json");
    REQUIRE(failed["failures"].size() == 1);
    CHECK(failed["failures"][0]["kind"] == "spread");
    CHECK(failed["failures"][0]["source"]["line"] == 9);
    CHECK(lines[2] == R"({"type":"summary","pass":1,"fail":1,"skip":0,"inconclusive":0})");
}

TEST_CASE("a scenario that was skipped says why in its JSON line") {
    auto skipped = passed_result();
    skipped.verdict.outcome = eval::Outcome::skip;
    skipped.verdict.assertions = {{.outcome = eval::Outcome::skip, .kind = "gauntlet", .message = "too wide"}};
    const auto lines = reported({skipped});
    const auto line = nlohmann::json::parse(lines[0]);
    CHECK(line["verdict"] == "skip");
    CHECK(line["skipped"] == "too wide");
    CHECK(line["failures"].empty());
}

TEST_CASE("broken UTF-8 in a failure does not end the JSON report") {
    auto plan = made_up_plan();
    plan.expectations = {expectation(plan::Expectation::Kind::progress, "progress")};
    auto record = made_up_record();
    record.end = plan::RunEnd::executor_failed;
    record.message = "cannot write \xFF\xFE\n";
    const auto lines = reported({judged(plan, record)});
    REQUIRE(lines.size() == 2);
    CHECK(nlohmann::json::parse(lines[0])["failures"][0]["message"] == "cannot write \xEF\xBF\xBD\xEF\xBF\xBD\n");
}

TEST_CASE("a report that cannot be written is an error") {
    std::ostringstream out;
    const auto reporter = report::make_reporter(report::Format::json, out);
    out.setstate(std::ios::badbit);
    CHECK_FALSE(reporter->finish(1));
}

TEST_CASE("an unknown format is refused with the known ones") {
    CHECK(report::parse_format("junit").ok());
    CHECK(report::parse_format("yaml").error().hint == "use pretty, json, junit or ktap");
}
