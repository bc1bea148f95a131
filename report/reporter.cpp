// SPDX-License-Identifier: GPL-2.0-only
#include "report/reporter.h"

#include "interp/eval/run_failure.h"
#include "report/reporters.h"

namespace ktstr::report {

void Tally::add(eval::Outcome outcome) {
    switch (outcome) {
    case eval::Outcome::pass: ++pass; break;
    case eval::Outcome::fail: ++fail; break;
    case eval::Outcome::skip: ++skip; break;
    case eval::Outcome::inconclusive: ++inconclusive; break;
    }
}

void Reporter::add(const ScenarioResult& result) {
    const std::lock_guard lock(mutex_);
    tally_.add(result.verdict.outcome);
    do_add(result);
}

Result<void> Reporter::finish(double duration_ms) {
    const std::lock_guard lock(mutex_);
    do_finish(duration_ms);
    out_.flush();
    if (!out_) return Error{"cannot write the results to standard output", "is the disk full, or the reader gone?"};
    return {};
}

std::unique_ptr<Reporter> make_reporter(Format format, std::ostream& out, ReporterOptions options) {
    switch (format) {
    case Format::pretty: return make_pretty_reporter(out, std::move(options));
    case Format::json: return make_json_reporter(out);
    case Format::junit: return make_junit_reporter(out, std::move(options));
    case Format::ktap: return make_ktap_reporter(out, std::move(options));
    }
    return nullptr;
}

Result<Format> parse_format(std::string_view name) {
    if (name == "pretty") return Format::pretty;
    if (name == "json") return Format::json;
    if (name == "junit") return Format::junit;
    if (name == "ktap") return Format::ktap;
    return Error{"there is no format \"" + std::string(name) + "\"", "use pretty, json, junit or ktap"};
}

std::string_view verdict_word(eval::Outcome outcome) {
    switch (outcome) {
    case eval::Outcome::pass: return "PASS";
    case eval::Outcome::fail: return "FAIL";
    case eval::Outcome::skip: return "SKIP";
    case eval::Outcome::inconclusive: return "INCONCLUSIVE";
    }
    return "";
}

Standing standing_of(const ScenarioResult& result, const ReporterOptions& options) {
    switch (result.verdict.outcome) {
    case eval::Outcome::pass: return Standing::passed;
    case eval::Outcome::skip: return Standing::skipped;
    case eval::Outcome::inconclusive:
        return options.allow_inconclusive || result.plan.expects(plan::Expectation::Kind::allow_inconclusive)
                   ? Standing::skipped
                   : Standing::broken;
    case eval::Outcome::fail: return eval::can_be_expected(result.record.end) ? Standing::failed : Standing::broken;
    }
    return Standing::failed;
}

std::string test_name(const ScenarioResult& result) {
    return result.plan.scenario + " [" + scheduler_name(result.plan) + " " + result.plan.topology.label() +
           (result.kernel.empty() ? "" : " " + result.kernel) + "]";
}

std::string reason_of(const ScenarioResult& result) {
    const auto outcome = result.verdict.outcome;
    if (const auto* reason = result.verdict.skipped_by(); outcome == eval::Outcome::skip)
        return reason == nullptr ? "" : reason->message;
    std::string text;
    for (const auto* failure : result.verdict.failures())
        if (failure->outcome == outcome) text += (text.empty() ? "" : "\n") + failure->message;
    return text;
}

Style::Paint verdict_paint(eval::Outcome outcome) {
    switch (outcome) {
    case eval::Outcome::pass: return &Style::green;
    case eval::Outcome::fail: return &Style::red;
    case eval::Outcome::skip: return &Style::dim;
    case eval::Outcome::inconclusive: return &Style::yellow;
    }
    return &Style::dim;
}

} // namespace ktstr::report
