// SPDX-License-Identifier: GPL-2.0-only
// JUnit XML as Jenkins, GitLab and GitHub actions read it: a suite with a test case per scenario. A <failure> is the
// scheduler's; an <error> says nothing of it: the run ended on the host's side, or could not be judged.
#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "report/reporters.h"

namespace ktstr::report {

namespace {

// Text between tags. XML 1.0 cannot hold most control characters, nor U+FFFE and U+FFFF, in
// any spelling: printable() has shown or dropped the first, the last become U+FFFD.
std::string xml_text(std::string_view raw) {
    const std::string text = printable(raw);
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool noncharacter = text.compare(i, 2, "\xEF\xBF") == 0 && i + 2 < text.size() &&
                                  (text[i + 2] == '\xBE' || text[i + 2] == '\xBF');
        if (noncharacter) {
            out += "\xEF\xBF\xBD";
            i += 2;
            continue;
        }
        switch (text[i]) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        default: out += text[i];
        }
    }
    return out;
}

// The value of an attribute: a parser would make a space of a plain line break.
std::string xml_attribute(std::string_view raw) {
    std::string out;
    for (const char c : xml_text(raw)) {
        if (c == '\n')
            out += "&#10;";
        else if (c == '\t')
            out += "&#9;";
        else
            out += c;
    }
    return out;
}

std::string seconds(double ms) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.3f", std::clamp(ms, 0.0, 1e15) / 1e3);
    return text.data();
}

class JunitReporter : public Reporter {
  public:
    JunitReporter(std::ostream& out, ReporterOptions options) : Reporter(out), options_(std::move(options)) {
        options_.style.color = false;
    }

  private:
    void do_add(const ScenarioResult& result) override {
        const std::string head = "    <testcase classname=\"" + xml_attribute(result.file.string()) + "\" name=\"" +
                                 xml_attribute(test_name(result)) + "\" time=\"" + seconds(result.duration_ms) + "\"";
        const std::string inside = verdict_element(result);
        cases_.push_back(inside.empty() ? head + "/>\n" : head + ">\n" + inside + "    </testcase>\n");
    }

    std::string verdict_element(const ScenarioResult& result) {
        const Standing standing = standing_of(result, options_);
        if (standing == Standing::passed) return "";
        const auto outcome = result.verdict.outcome;
        const std::string message = " message=\"" + xml_attribute(reason_of(result)) + "\"";
        if (standing == Standing::skipped) {
            ++skipped_;
            return "      <skipped" + message + "/>\n";
        }
        ++(standing == Standing::failed ? failures_ : errors_);
        const std::string element = standing == Standing::failed ? "failure" : "error";
        const auto failures = result.verdict.failures();
        const auto first = std::find_if(failures.begin(), failures.end(),
                                        [outcome](const auto* failure) { return failure->outcome == outcome; });
        const std::string type = first == failures.end() ? "" : (*first)->kind;
        std::string text = failure_details(result, options_);
        if (!result.sidecar.empty()) text += "record  " + result.sidecar.string() + "\n";
        text += "rerun   " + rerun_command(result) + "\n";
        return "      <" + element + message + " type=\"" + xml_attribute(type) + "\">" + xml_text(text) + "</" +
               element + ">\n";
    }

    // Jenkins' junit-10.xsd has no `skipped` at a document's root.
    void do_finish(double duration_ms) override {
        const std::string counts = " name=\"ktstr\" tests=\"" + std::to_string(cases_.size()) + "\" failures=\"" +
                                   std::to_string(failures_) + "\" errors=\"" + std::to_string(errors_) + "\" time=\"" +
                                   seconds(duration_ms) + "\"";
        out_ << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" << counts << ">\n  <testsuite" << counts
             << " skipped=\"" << skipped_ << "\">\n";
        for (const auto& test_case : cases_) out_ << test_case;
        out_ << "  </testsuite>\n</testsuites>\n";
    }

    int failures_ = 0;
    int errors_ = 0;
    int skipped_ = 0;
    ReporterOptions options_;
    std::vector<std::string> cases_;
};

} // namespace

std::unique_ptr<Reporter> make_junit_reporter(std::ostream& out, ReporterOptions options) {
    return std::make_unique<JunitReporter>(out, std::move(options));
}

} // namespace ktstr::report
