// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/extractions.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "interp/eval/payloads.h"

namespace ktstr::eval {

namespace {

using plan::Extraction;

// The run that an extraction names, if its payload has output that a model reads; else null.
const plan::PayloadReport* run_of(const plan::Plan& plan, const plan::Record& record, int index) {
    if (index < 0 || static_cast<std::size_t>(index) >= record.payloads.size()) return nullptr;
    const auto& report = record.payloads[static_cast<std::size_t>(index)];
    const plan::Payload* payload = find_payload(plan, report.name);
    return payload != nullptr && payload->output == plan::Payload::Output::llm ? &report : nullptr;
}

AssertionResult result(Outcome outcome, const plan::SourcePosition& source, std::string message) {
    AssertionResult result;
    result.outcome = outcome;
    result.kind = "payload";
    result.source = source;
    result.message = std::move(message);
    return result;
}

void judge_one(const Extraction& extraction, const plan::PayloadReport& report, std::vector<AssertionResult>& results) {
    const auto add = [&](Outcome outcome, const std::string& text) {
        results.push_back(result(outcome, report.source, words_for(report) + ": " + text));
        results.back().cgroup = report.cgroup;
    };
    for (const auto& violation : violations_of(extraction)) add(Outcome::fail, violation);
    if (!extraction.unavailable.empty()) {
        const std::string way_out = extraction.hint.empty() ? "" : " (" + extraction.hint + ")";
        add(Outcome::skip, "its output was not read: " + extraction.unavailable + way_out);
        results.back().asks_skip = true;
    } else if (extraction.metrics.empty()) {
        std::string why;
        for (const auto& problem : extraction.problems) why += (why.empty() ? ": " : "; ") + problem;
        add(Outcome::skip, "the model has found no metrics in its output" + why);
    }
}

} // namespace

const Extraction* extraction_of(const plan::Record& record, std::size_t payload) {
    const auto found =
        std::find_if(record.extractions.begin(), record.extractions.end(),
                     [payload](const Extraction& extraction) { return std::cmp_equal(extraction.payload, payload); });
    return found == record.extractions.end() ? nullptr : &*found;
}

std::vector<std::string> violations_of(const Extraction& extraction) {
    std::vector<std::string> found;
    std::set<std::string_view> names;
    for (const auto& metric : extraction.metrics) {
        const std::string who = "the metric \"" + metric.name + "\" that the model has read ";
        if (!names.insert(metric.name).second)
            found.push_back(who + "is there more than once: it cannot be said which value counts");
        if (!std::isfinite(metric.value)) found.push_back(who + "is not a finite number");
        if (metric.source != plan::llm_source)
            found.push_back(who + "has the source '" + metric.source + "' and not '" + plan::llm_source + "'");
        if (metric.stream != extraction.stream || (metric.stream != "stdout" && metric.stream != "stderr"))
            found.push_back(who + "has the stream '" + metric.stream + "' in an extraction from '" + extraction.stream +
                            "'");
    }
    return found;
}

std::vector<AssertionResult> judge_extractions(const plan::Plan& plan, const plan::Record& record) {
    std::vector<AssertionResult> unread; // first: they say why the scenario is a skip
    std::vector<AssertionResult> results;
    std::set<int> seen;
    for (const auto& extraction : record.extractions) {
        const plan::PayloadReport* report = run_of(plan, record, extraction.payload);
        const std::string which = "the extraction for run " + std::to_string(extraction.payload) + " of the payloads ";
        if (report == nullptr)
            results.push_back(result(Outcome::fail, plan.source,
                                     which + "belongs to no output that a model should read: the record is damaged"));
        else if (!seen.insert(extraction.payload).second)
            results.push_back(result(Outcome::fail, report->source, which + "is there twice: the record is damaged"));
        else
            judge_one(extraction, *report, extraction.unavailable.empty() ? results : unread);
    }
    for (std::size_t i = 0; i < record.payloads.size(); ++i) {
        const auto* report = run_of(plan, record, static_cast<int>(i));
        if (report != nullptr && !seen.contains(static_cast<int>(i)))
            results.push_back(result(Outcome::fail, report->source,
                                     words_for(*report) + ", run " + std::to_string(i) +
                                         " of the payloads: there is no extraction for its output, the record is "
                                         "damaged"));
    }
    unread.insert(unread.end(), std::make_move_iterator(results.begin()), std::make_move_iterator(results.end()));
    return unread;
}

} // namespace ktstr::eval
