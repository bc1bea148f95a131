// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <sstream>

#include "base/file.h"
#include "base/process.h"

#include "report/reporter.h"
#include "tests/report/made_up_result.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string reported(const std::vector<report::ScenarioResult>& results) {
    std::ostringstream out;
    const auto reporter = report::make_reporter(report::Format::junit, out);
    for (const auto& result : results) reporter->add(result);
    REQUIRE(reporter->finish(8000));
    return out.str();
}

bool is_entity(std::string_view text) {
    for (const std::string_view entity : {"&amp;", "&lt;", "&gt;", "&quot;", "&#10;", "&#9;"})
        if (text.starts_with(entity)) return true;
    return false;
}

// What is wrong with the document, or nothing: tags that do not nest, stray markup, characters that XML 1.0 forbids.
std::string xml_fault(std::string_view text) {
    const std::string_view declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    if (!text.starts_with(declaration)) return "no declaration";
    if (report::valid_utf8(text) != text) return "not UTF-8";
    text.remove_prefix(declaration.size());
    std::vector<std::string> open;
    while (!text.empty()) {
        const auto c = static_cast<unsigned char>(text[0]);
        if (c < 0x20 && c != '\n' && c != '\t') return "a control character";
        if (c == '&' && !is_entity(text)) return "a stray &";
        if (c == '>') return "a stray >";
        if (c != '<') {
            text.remove_prefix(1);
            continue;
        }
        const auto end = text.find('>');
        if (end == std::string_view::npos) return "an unfinished tag";
        const std::string_view tag = text.substr(1, end - 1);
        if (tag.find('<') != std::string_view::npos) return "a < in a tag";
        const std::string name(tag.substr(0, tag.find_first_of(" />", 1)));
        if (tag.starts_with('/')) {
            if (open.empty() || "/" + open.back() != tag) return "a stray end tag";
            open.pop_back();
        } else if (!tag.ends_with('/')) {
            open.push_back(name);
        }
        text.remove_prefix(end + 1);
    }
    return open.empty() ? "" : "an open tag " + open.back();
}

} // namespace

TEST_CASE("JUnit counts every outcome, and an inconclusive one is an error, not a pass") {
    auto inconclusive = passed_result();
    inconclusive.record.workers.clear();
    inconclusive.verdict = eval::evaluate(inconclusive.plan, inconclusive.record);
    const auto text =
        reported({passed_result(), failed_result(), inconclusive, judged(made_up_plan(), made_up_record())});
    CHECK(xml_fault(text).empty());
    CHECK_THAT(text,
               ContainsSubstring(
                   "<testsuite name=\"ktstr\" tests=\"4\" failures=\"1\" errors=\"1\" time=\"8.000\" skipped=\"1\">"));
    CHECK_THAT(text, ContainsSubstring(
                         "<testcase classname=\"scenarios/even.ktl\" name=\"even split [eevdf 1n2l2c1t 6.12.57]\" "
                         "time=\"3.200\"/>"));
    CHECK_THAT(text, ContainsSubstring("<error message=\"only 0 of the 4 planned workers reported&#10;progress: "));
    CHECK_THAT(text, ContainsSubstring("<skipped message=\"the scenario expects nothing"));
}

TEST_CASE("JUnit stays valid XML, whatever names and logs hold") {
    const auto text = reported({failed_result()});
    CHECK(xml_fault(text).empty());
    CHECK_THAT(text,
               ContainsSubstring("name=\"uneven &lt;split&gt; &amp; &quot;co&quot; [scx_ktstr 1n2l2c1t 6.12.57]\""));
    CHECK_THAT(text, ContainsSubstring("type=\"spread\""));
    auto worse = failed_result();
    worse.record.console = "noncharacter \xEF\xBF\xBE and ]]> \x0b and \xFF";
    CHECK(xml_fault(reported({worse})).empty());
    CHECK_THAT(reported({worse}), !ContainsSubstring("\xEF\xBF\xBE"));
}

TEST_CASE("in JUnit what the host could not do is an error, what the scheduler did a failure, what is allowed a skip") {
    auto no_scheduler = passed_result();
    no_scheduler.record.end = plan::RunEnd::scheduler_not_found;
    no_scheduler.record.message = "there is no scx_other";
    no_scheduler.verdict = eval::evaluate(no_scheduler.plan, no_scheduler.record);
    auto crashed = no_scheduler;
    crashed.record.end = plan::RunEnd::scheduler_exited;
    crashed.record.message = "it went";
    crashed.verdict = eval::evaluate(crashed.plan, crashed.record);
    auto allowed = passed_result();
    allowed.plan.expectations.push_back(expectation(plan::Expectation::Kind::allow_inconclusive, "allow inconclusive"));
    allowed.record.workers.clear();
    allowed.verdict = eval::evaluate(allowed.plan, allowed.record);
    const auto text = reported({no_scheduler, crashed, allowed});
    CHECK_THAT(text, ContainsSubstring("<error message=\"there is no scx_other\" type=\"run\">"));
    CHECK_THAT(text, ContainsSubstring("<failure message=\"it went\" type=\"run\">"));
    CHECK_THAT(text, ContainsSubstring("<skipped message=\"only 0 of the 4 planned workers reported"));
    CHECK_THAT(text, ContainsSubstring("tests=\"3\" failures=\"1\" errors=\"1\" time=\"8.000\" skipped=\"1\">"));
}

TEST_CASE("an XML parser finds in JUnit what CI servers take, and as many of each as it says") {
    auto awkward = failed_result();
    awkward.plan.scenario = "tab\there, \x01 control, \xEF\xBF\xBF, ]]> and 'quotes\"";
    awkward.verdict.assertions[0].message = "line 1\nline 2 <&>\x7f\xC2\x85";
    awkward.duration_ms = 1e18;
    auto inconclusive = passed_result();
    inconclusive.record.workers.clear();
    inconclusive.verdict = eval::evaluate(inconclusive.plan, inconclusive.record);
    inconclusive.duration_ms = -1;
    const auto directory = TemporaryDirectory::create("ktstr-junit-");
    REQUIRE(directory);
    const auto file = directory->path() / "results.xml";
    REQUIRE(write_file(file, reported({passed_result(), failed_result(), awkward, inconclusive,
                                       judged(made_up_plan(), made_up_record())})));
    const auto xmllint = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "xmllint");
        arguments.push_back(file.string());
        const auto output = run_command({.arguments = std::move(arguments)}, true);
        REQUIRE(output);
        INFO(output->output);
        CHECK(output->exit.clean());
        return output->output;
    };
    CHECK_THAT(xmllint({"--noout", "--relaxng", KTSTR_JUNIT_SCHEMA}), ContainsSubstring("validates"));
    for (const auto& [attribute, elements] : std::vector<std::pair<std::string, std::string>>{
             {"tests", "testcase"}, {"failures", "failure"}, {"errors", "error"}, {"skipped", "skipped"}}) {
        INFO(attribute);
        CHECK_THAT(xmllint({"--xpath", "//testsuite/@" + attribute + " = count(//" + elements + ")"}),
                   ContainsSubstring("true"));
    }
}
