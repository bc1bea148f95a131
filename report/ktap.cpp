// SPDX-License-Identifier: GPL-2.0-only
// KTAP version 1, as the kernel's Documentation/dev-tools/ktap.rst has it: a test per scenario, with its assertions as
// subtests. Names cannot hold a "#", and nothing can escape one: it becomes %23.
#include <vector>

#include "report/reporters.h"

namespace ktstr::report {

namespace {

constexpr std::size_t longest_name = 200; // columns
constexpr std::size_t longest_reason = 400;

// Text on a result line.
std::string word_of(std::string_view raw, std::size_t columns) {
    std::string text;
    for (const char c : cut_to_width(printable_line(raw), columns))
        text += c == '#' ? std::string("%23") : std::string(1, c);
    const auto first = text.find_first_not_of(' ');
    if (first == std::string::npos) return "";
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string result_line(std::size_t number, Standing standing, const std::string& name, const std::string& reason) {
    const bool ok = standing == Standing::passed || standing == Standing::skipped;
    std::string line = (ok ? "ok " : "not ok ") + std::to_string(number);
    if (const std::string word = word_of(name, longest_name); !word.empty()) line += " " + word;
    if (standing == Standing::skipped) line += " # SKIP";
    if (standing == Standing::broken) line += " # ERROR";
    const std::string why = word_of(reason, longest_reason);
    if ((standing == Standing::skipped || standing == Standing::broken) && !why.empty()) line += " " + why;
    return line + "\n";
}

std::string diagnostics(std::string_view text, const std::string& indent) {
    const std::string shown = printable(text);
    std::string lines;
    for (std::size_t at = 0; at < shown.size();) {
        const auto end = std::min(shown.find('\n', at), shown.size());
        const auto line = std::string_view(shown).substr(at, end - at);
        lines += indent + (line.empty() ? "#" : "# ") + std::string(line) + "\n";
        at = end + 1;
    }
    return lines;
}

// A subtest that did not pass would fail its parent: where the scenario stands better than its assertion, that is
// skipped.
Standing standing_of(const eval::AssertionResult& assertion, Standing scenario) {
    const bool bad = scenario == Standing::failed || scenario == Standing::broken;
    switch (assertion.outcome) {
    case eval::Outcome::pass: return Standing::passed;
    case eval::Outcome::skip: return Standing::skipped;
    case eval::Outcome::inconclusive: return bad ? Standing::broken : Standing::skipped;
    case eval::Outcome::fail: return bad ? Standing::failed : Standing::skipped;
    }
    return Standing::failed;
}

class KtapReporter : public Reporter {
  public:
    KtapReporter(std::ostream& out, ReporterOptions options) : Reporter(out), options_(std::move(options)) {
        options_.style.color = false;
    }

  private:
    void do_add(const ScenarioResult& result) override {
        const Standing standing = report::standing_of(result, options_);
        std::string text = subtests(result, standing);
        if (standing == Standing::failed || standing == Standing::broken) {
            text += diagnostics(failure_details(result, options_), "");
            if (!result.sidecar.empty()) text += diagnostics("record  " + result.sidecar.string(), "");
            text += diagnostics("rerun   " + rerun_command(result), "");
        }
        tests_.push_back(text + result_line(tests_.size() + 1, standing, test_name(result), reason_of(result)));
    }

    static std::string subtests(const ScenarioResult& result, Standing standing) {
        const auto& assertions = result.verdict.assertions;
        if (assertions.empty()) return "";
        std::string text = "  KTAP version 1\n  # Subtest: " + word_of(test_name(result), longest_name) + "\n  1.." +
                           std::to_string(assertions.size()) + "\n";
        std::size_t number = 0;
        for (const auto& assertion : assertions) {
            const Standing stands = standing_of(assertion, standing);
            if (stands == Standing::failed || stands == Standing::broken) text += diagnostics(assertion.message, "  ");
            text += "  " + result_line(++number, stands, assertion.written.empty() ? assertion.kind : assertion.written,
                                       assertion.message);
        }
        return text;
    }

    void do_finish(double /*duration_ms*/) override {
        out_ << "KTAP version 1\n1.." << tests_.size() << "\n";
        for (const auto& test : tests_) out_ << test;
    }

    ReporterOptions options_;
    std::vector<std::string> tests_;
};

} // namespace

std::unique_ptr<Reporter> make_ktap_reporter(std::ostream& out, ReporterOptions options) {
    return std::make_unique<KtapReporter>(out, std::move(options));
}

} // namespace ktstr::report
