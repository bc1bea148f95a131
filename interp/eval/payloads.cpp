// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/payloads.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "interp/eval/comparison.h"
#include "interp/eval/extractions.h"
#include "interp/plan/names.h"

namespace ktstr::eval {

namespace {

using plan::PayloadCheck;
using plan::PayloadReport;

std::string plain(double value) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.10g", value);
    return text.data();
}

std::string with_unit(const MetricValue& metric) {
    return plain(metric.value) + (metric.unit.empty() ? "" : " " + metric.unit);
}

// One run under judgement.
struct Judge {
    const plan::Payload& payload;
    const PayloadReport& report;
    const PayloadMetrics& metrics;

    [[nodiscard]] AssertionResult result(Outcome outcome, const std::string& text) const {
        AssertionResult result;
        result.outcome = outcome;
        result.kind = "payload";
        result.cgroup = report.cgroup;
        result.source = report.source;
        result.message = words_for(report) + ": " + text;
        return result;
    }

    [[nodiscard]] bool ended_itself() const { return report.ended_by == "itself"; }

    [[nodiscard]] std::optional<AssertionResult> run() const {
        if (!report.error.empty()) return result(Outcome::fail, report.error);
        const bool speaks_of_exit =
            std::any_of(payload.checks.begin(), payload.checks.end(),
                        [](const PayloadCheck& check) { return check.kind == PayloadCheck::Kind::exit_code; });
        if (!ended_itself()) return result(Outcome::skip, "ended by " + report.ended_by + ", as the scenario says");
        if (report.signal != 0) return result(Outcome::fail, "it ended by " + report.exit);
        if (speaks_of_exit) return std::nullopt;
        auto exit = result(report.exit_code == 0 ? Outcome::pass : Outcome::fail, "it ended with " + report.exit);
        exit.value = report.exit_code;
        exit.bound = 0;
        exit.comparison = plan::Comparison::equal;
        return exit;
    }

    [[nodiscard]] std::vector<AssertionResult> check(const PayloadCheck& check) const {
        std::vector<AssertionResult> results;
        if (check.kind == PayloadCheck::Kind::values)
            results = all_values(check);
        else
            results.push_back(compared(check));
        for (auto& judged : results) {
            judged.written = check.written;
            judged.source = check.source;
            judged.comparison = check.comparison;
            judged.message = words_for(report) + ": " + check.written + ": " + judged.message;
        }
        return results;
    }

  private:
    [[nodiscard]] AssertionResult compared(const PayloadCheck& check) const {
        AssertionResult judged = result(Outcome::fail, "");
        if (check.kind == PayloadCheck::Kind::exit_code) {
            if (!ended_itself()) {
                judged.outcome = Outcome::skip;
                judged.message = "not judged, it was ended by " + report.ended_by;
                return judged;
            }
            judged.value = report.exit_code;
            judged.bound = check.value;
            judged.message = "saw " + report.exit;
            if (report.signal == 0 && holds(report.exit_code, check.comparison, check.value))
                judged.outcome = Outcome::pass;
            return judged;
        }
        if (check.kind == PayloadCheck::Kind::metrics) return counted(check);
        const MetricValue* metric = metrics.find(check.metric);
        if (metric == nullptr) {
            judged.outcome = excused() ? Outcome::skip : Outcome::fail;
            judged.message = "there is no metric " + check.metric + why_missing();
            return judged;
        }
        judged.message = "saw " + with_unit(*metric);
        judged.unit = metric->unit;
        judged.value = metric->value;
        if (check.kind == PayloadCheck::Kind::compare) judged.bound = check.value;
        if (check.kind == PayloadCheck::Kind::exists || holds(metric->value, check.comparison, check.value))
            judged.outcome = Outcome::pass;
        return judged;
    }

    // Whether metrics that are not there are no fault of the program's.
    [[nodiscard]] bool excused() const { return metrics.unavailable || (!ended_itself() && report.error.empty()); }

    // With the message alone, for check() to say whose it is.
    [[nodiscard]] AssertionResult said(Outcome outcome, const std::string& message) const {
        AssertionResult judged = result(outcome, "");
        judged.message = message;
        return judged;
    }

    [[nodiscard]] AssertionResult counted(const PayloadCheck& check) const {
        const auto count = static_cast<double>(metrics.values.size());
        AssertionResult judged = said(Outcome::pass, "saw " + plain(count));
        judged.value = count;
        judged.bound = check.value;
        if (holds(count, check.comparison, check.value)) return judged;
        judged.outcome = excused() ? Outcome::skip : Outcome::fail;
        if (!metrics.absent.empty()) judged.message += ": " + metrics.absent;
        return judged;
    }

    // One for each value that is wrong, or one for all.
    [[nodiscard]] std::vector<AssertionResult> all_values(const PayloadCheck& check) const {
        if (metrics.values.empty())
            return {said(Outcome::skip, "there are none" + (metrics.absent.empty() ? "" : ": " + metrics.absent))};
        std::vector<AssertionResult> wrong;
        for (const auto& metric : metrics.values) {
            if (holds(metric.value, check.comparison, check.value)) continue;
            wrong.push_back(said(Outcome::fail, "saw " + metric.name + " = " + with_unit(metric)));
            wrong.back().unit = metric.unit;
            wrong.back().value = metric.value;
            wrong.back().bound = check.value;
        }
        if (wrong.empty()) wrong.push_back(said(Outcome::pass, "so are all " + std::to_string(metrics.values.size())));
        return wrong;
    }

    [[nodiscard]] std::string why_missing() const {
        if (!metrics.absent.empty()) return ": " + metrics.absent;
        std::string known;
        constexpr std::size_t shown = 8;
        for (std::size_t i = 0; i < std::min(shown, metrics.values.size()); ++i)
            known += (i == 0 ? "" : ", ") + metrics.values[i].name;
        return ": there are " + known + (metrics.values.size() > shown ? ", ..." : "");
    }
};

nlohmann::json to_json(const MetricValue& metric) {
    return {{"name", metric.name},
            {"value", metric.value},
            {"unit", metric.unit},
            {"better", plan::name_of(plan::polarity_names, metric.better)}};
}

struct Seen {
    std::size_t runs = 0;
    const PayloadReport* report = nullptr; // the last
};

Seen last_run(const plan::Formula& term, const plan::Record& record) {
    Seen seen;
    for (const auto& report : record.payloads)
        if (report.name == term.subject && (term.cgroup.empty() || report.cgroup == term.cgroup)) {
            seen.report = &report;
            ++seen.runs;
        }
    return seen;
}

// `report` is one of the record's.
PayloadMetrics metrics_of(const plan::Plan& plan, const plan::Record& record, const PayloadReport& report) {
    const plan::Payload* payload = find_payload(plan, report.name);
    if (payload == nullptr) return {{}, "the plan has no such payload"};
    return read_metrics(*payload, report,
                        extraction_of(record, static_cast<std::size_t>(&report - record.payloads.data())));
}

} // namespace

const plan::Payload* find_payload(const plan::Plan& plan, const std::string& name) {
    const auto found = std::find_if(plan.payloads.begin(), plan.payloads.end(),
                                    [&name](const plan::Payload& payload) { return payload.name == name; });
    return found == plan.payloads.end() ? nullptr : &*found;
}

std::string words_for(const PayloadReport& report) {
    return "payload " + report.name + (report.cgroup.empty() ? "" : " in " + report.cgroup);
}

nlohmann::json metrics_json(const plan::Plan& plan, const plan::Record& record, bool declared) {
    auto all = nlohmann::json::array();
    for (const auto& report : record.payloads) {
        const plan::Payload* payload = find_payload(plan, report.name);
        if (payload == nullptr) continue;
        for (const auto& metric : metrics_of(plan, record, report).values) {
            const bool is_declared =
                std::any_of(payload->metrics.begin(), payload->metrics.end(),
                            [&metric](const plan::Metric& one) { return one.name == metric.name; });
            if (declared && !is_declared) continue;
            auto entry = to_json(metric);
            entry["payload"] = report.name;
            entry["cgroup"] = report.cgroup;
            all.push_back(std::move(entry));
        }
    }
    return all;
}

nlohmann::json payloads_json(const plan::Plan& plan, const plan::Record& record) {
    auto all = nlohmann::json::array();
    for (const auto& report : record.payloads) {
        const PayloadMetrics metrics = metrics_of(plan, record, report);
        auto values = nlohmann::json::array();
        for (const auto& metric : metrics.values) values.push_back(to_json(metric));
        nlohmann::json entry = plan::to_json(report);
        entry["metrics"] = std::move(values);
        if (!metrics.absent.empty()) entry["absent"] = metrics.absent;
        all.push_back(std::move(entry));
    }
    return all;
}

std::vector<AssertionResult> judge_payloads(const plan::Plan& plan, const plan::Record& record) {
    std::vector<AssertionResult> results;
    for (const auto& report : record.payloads) {
        const plan::Payload* payload = find_payload(plan, report.name);
        if (payload == nullptr) continue; // the guest made it up
        const PayloadMetrics metrics = metrics_of(plan, record, report);
        const Judge judge{*payload, report, metrics};
        if (auto run = judge.run()) results.push_back(std::move(*run));
        if (report.error.empty())
            for (const auto& check : payload->checks)
                for (auto& judged : judge.check(check)) results.push_back(std::move(judged));
    }
    return results;
}

std::optional<double> payload_value(const plan::Formula& term, const plan::Plan& plan, const plan::Record& record) {
    const Seen seen = last_run(term, record);
    if (seen.report == nullptr) return std::nullopt;
    const PayloadMetrics metrics = metrics_of(plan, record, *seen.report);
    const MetricValue* metric = metrics.find(term.path);
    return metric == nullptr ? std::nullopt : std::optional(metric->value);
}

bool payload_lacks_model(const plan::Formula& term, const plan::Plan& plan, const plan::Record& record) {
    const Seen seen = last_run(term, record);
    return seen.report != nullptr && metrics_of(plan, record, *seen.report).unavailable;
}

std::string payload_words(const plan::Formula& term, const plan::Plan& plan, const plan::Record& record) {
    const std::string name = term.subject + "." + term.path;
    const Seen seen = last_run(term, record);
    if (seen.report == nullptr) return "payload " + term.subject + " did not run";
    const PayloadMetrics metrics = metrics_of(plan, record, *seen.report);
    const std::string which = seen.runs > 1 ? " in the last of its " + std::to_string(seen.runs) + " runs" : "";
    if (const MetricValue* metric = metrics.find(term.path)) return name + " is " + with_unit(*metric) + which;
    return "there is no " + name + which + (metrics.absent.empty() ? "" : ": " + metrics.absent);
}

} // namespace ktstr::eval
