// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <regex>
#include <sstream>

#include "base/file.h"
#include "base/lines.h"
#include "base/process.h"
#include "report/reporter.h"
#include "tests/report/made_up_result.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string reported(const std::vector<report::ScenarioResult>& results, bool allow_inconclusive = false) {
    std::ostringstream out;
    const auto reporter = report::make_reporter(report::Format::ktap, out, {.allow_inconclusive = allow_inconclusive});
    for (const auto& result : results) reporter->add(result);
    REQUIRE(reporter->finish(8000));
    return out.str();
}

struct Test {
    bool ok = false;
    std::string name;
    std::string directive; // "SKIP", "ERROR", or none
    std::string data;      // behind it
    std::vector<std::string> diagnostics;
    std::vector<Test> subtests;
};

// A strict reader: every line is one of the four kinds, indented by two spaces for each level; plans and numbers are
// right; a test whose subtest failed has failed.
class Reader {
  public:
    explicit Reader(const std::string& text) : text_(text), lines_(lines_of(text_)) {}

    std::vector<Test> all() {
        auto tests = level("");
        if (next_ != lines_.size()) FAIL("left over: " << lines_[next_]);
        return tests;
    }

  private:
    [[nodiscard]] bool at(const std::string& begin) const {
        return next_ < lines_.size() && lines_[next_].starts_with(begin);
    }
    std::string take() {
        if (next_ == lines_.size()) FAIL("the text ends too early");
        return std::string(lines_[next_++]);
    }

    std::vector<Test> level(const std::string& indent) {
        CHECK(take() == indent + "KTAP version 1");
        if (at(indent + "# Subtest: ")) take();
        static const std::regex plan(" *1\\.\\.([0-9]+)");
        std::smatch match;
        const std::string line = take();
        if (!std::regex_match(line, match, plan)) FAIL("no plan: " << line);
        std::vector<Test> tests(std::stoul(match[1]));
        for (std::size_t i = 0; i < tests.size(); ++i) tests[i] = test(indent, i + 1);
        return tests;
    }

    Test test(const std::string& indent, std::size_t number) {
        Test read;
        if (at(indent + "  KTAP version")) read.subtests = level(indent + "  ");
        while (at(indent + "#")) read.diagnostics.push_back(take().substr(indent.size()));
        static const std::regex result("( *)(ok|not ok) ([0-9]+)( [^#]*?)?( # (SKIP|ERROR)( .*)?)?");
        std::smatch match;
        const std::string line = take();
        if (!std::regex_match(line, match, result)) FAIL("no result: " << line);
        CHECK(match[1] == indent);
        CHECK(std::stoul(match[3]) == number);
        read.ok = match[2] == "ok";
        read.name = match[4].length() > 0 ? match[4].str().substr(1) : "";
        read.directive = match[6];
        read.data = match[7].length() > 0 ? match[7].str().substr(1) : "";
        for (const auto& subtest : read.subtests)
            if (!subtest.ok) CHECK_FALSE(read.ok);
        return read;
    }

    const std::string text_;
    const std::vector<std::string_view> lines_;
    std::size_t next_ = 0;
};

report::ScenarioResult inconclusive_result() {
    auto result = passed_result();
    result.record.workers.clear();
    result.verdict = eval::evaluate(result.plan, result.record);
    return result;
}

report::ScenarioResult without_host() {
    auto result = passed_result();
    result.record.end = plan::RunEnd::vm_died;
    result.record.message = "QEMU ended with signal 11";
    result.verdict = eval::evaluate(result.plan, result.record);
    return result;
}

} // namespace

TEST_CASE("KTAP has a test per scenario with a subtest per assertion, and says what was skipped and what is broken") {
    const auto tests = Reader(reported({passed_result(), failed_result(), inconclusive_result(),
                                        judged(made_up_plan(), made_up_record()), without_host()}))
                           .all();
    REQUIRE(tests.size() == 5);
    CHECK(tests[0].ok);
    CHECK(tests[0].name == "even split [eevdf 1n2l2c1t 6.12.57]");
    CHECK(tests[0].directive.empty());
    REQUIRE(tests[0].subtests.size() == 1);
    CHECK(tests[0].subtests[0].name == "progress");
    CHECK_FALSE(tests[1].ok);
    CHECK(tests[1].directive.empty());
    CHECK_FALSE(tests[2].ok);
    CHECK(tests[2].directive == "ERROR");
    CHECK_THAT(tests[2].data, ContainsSubstring("only 0 of the 4 planned workers reported"));
    CHECK(tests[3].ok);
    CHECK(tests[3].directive == "SKIP");
    CHECK_THAT(tests[3].data, ContainsSubstring("the scenario expects nothing"));
    CHECK_FALSE(tests[4].ok);
    CHECK(tests[4].directive == "ERROR");
    CHECK_THAT(tests[4].data, ContainsSubstring("QEMU ended with signal 11"));
}

TEST_CASE("KTAP tells before a failed test what failed, and how to run it again") {
    const auto tests = Reader(reported({failed_result()})).all();
    REQUIRE(tests.size() == 1);
    std::string text;
    for (const auto& line : tests[0].diagnostics) text += line + "\n";
    CHECK_THAT(text, ContainsSubstring("spread(hot) <= 15%: saw"));
    CHECK_THAT(text, ContainsSubstring("# rerun   ktstr run scenarios/even.ktl"));
    REQUIRE_FALSE(tests[0].subtests.empty());
    CHECK_FALSE(tests[0].subtests[0].ok);
    CHECK_FALSE(tests[0].subtests[0].diagnostics.empty());
}

TEST_CASE("an inconclusive scenario that is allowed to be is skipped for KTAP, with all that it could not judge") {
    for (const bool by_option : {true, false}) {
        auto result = inconclusive_result();
        if (!by_option)
            result.plan.expectations.push_back(
                expectation(plan::Expectation::Kind::allow_inconclusive, "allow inconclusive"));
        const auto tests = Reader(reported({result}, by_option)).all();
        CHECK(tests.at(0).ok);
        CHECK(tests.at(0).directive == "SKIP");
        for (const auto& subtest : tests.at(0).subtests) CHECK(subtest.directive == "SKIP");
    }
}

TEST_CASE("no name or message makes a line of KTAP that is none") {
    auto result = failed_result();
    result.plan.scenario = "  a # SKIP of\nok 7 \x1b[31mtwo \\ lines #";
    result.verdict.assertions[0].written = "#";
    result.verdict.assertions[0].message = "first\nok 1 forged\n# SKIP\n\nKTAP version 1\n1..9 \xFF";
    auto skipped = judged(made_up_plan(), made_up_record());
    skipped.verdict.assertions[0].message = "reason # SKIP\nok 3";
    const auto tests = Reader(reported({result, skipped})).all();
    REQUIRE(tests.size() == 2);
    CHECK_FALSE(tests[0].ok);
    CHECK_THAT(tests[0].name, ContainsSubstring("a %23 SKIP of ok 7 two \\ lines %23 ["));
    CHECK(tests[0].subtests.at(0).name == "%23");
    CHECK(tests[1].data == "reason %23 SKIP ok 3");
    CHECK(Reader(reported({})).all().empty());
}

TEST_CASE("Perl's TAP parser finds in KTAP what there is at its first level") {
    const auto directory = TemporaryDirectory::create("ktstr-ktap-");
    REQUIRE(directory);
    const auto file = directory->path() / "results.tap";
    REQUIRE(write_file(file, reported({passed_result(), failed_result(), inconclusive_result(),
                                       judged(made_up_plan(), made_up_record())})));
    const char* script = R"(
        use TAP::Parser;
        my $parser = TAP::Parser->new({ source => $ARGV[0] });
        $parser->run;
        print join(" ", $parser->plan, "passed", $parser->passed, "failed", $parser->failed,
                   "skipped", $parser->skipped, "errors", $parser->parse_errors), "\n";
    )";
    const auto output = run_command({.arguments = {"perl", "-e", script, file.string()}}, true);
    REQUIRE(output);
    CHECK(output->output == "1..4 passed 1 4 failed 2 3 skipped 4 errors\n");
}
