// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/payload_metrics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <regex>

#include "interp/eval/json_numbers.h"

namespace ktstr::eval {

namespace {

constexpr int most_tries = 64; // places where a document could begin

std::vector<MetricValue> numbers_of_json(std::string_view text) {
    int tries = 0;
    for (std::size_t line = 0; line < text.size() && tries < most_tries;) {
        const auto begin = text.find_first_not_of(" \t", line);
        if (begin == std::string_view::npos) break;
        if (text[begin] == '{' || text[begin] == '[') {
            ++tries;
            if (const auto numbers = numbers_of_document(text.substr(begin), NumbersAs::measured);
                numbers && !numbers->empty()) {
                std::vector<MetricValue> values;
                for (const auto& number : *numbers)
                    values.push_back({number.name, number.value, "", plan::Metric::Polarity::none});
                return values;
            }
        }
        const auto end = text.find('\n', begin);
        if (end == std::string_view::npos) break;
        line = end + 1;
    }
    return {};
}

std::vector<MetricValue> groups_of(const std::cmatch& match, const std::vector<plan::Metric>& metrics) {
    std::vector<MetricValue> values;
    for (std::size_t i = 0; i < metrics.size() && i + 1 < match.size(); ++i) {
        double value = 0;
        const char* first = match[i + 1].first;
        const char* last = match[i + 1].second;
        while (first != last && (*first == ' ' || *first == '+')) ++first;
        if (!match[i + 1].matched || first == last) continue;
        const auto [end, code] = std::from_chars(first, last, value);
        if (code == std::errc() && end == last && std::isfinite(value))
            values.push_back({metrics[i].name, value, "", plan::Metric::Polarity::none});
    }
    return values;
}

// Windows that begin at a line and overlap by half.
std::vector<MetricValue> numbers_of_regex(std::string_view text, const plan::Payload& payload) {
    try {
        const std::regex regex(payload.pattern, std::regex::ECMAScript | std::regex::multiline);
        for (std::size_t at = 0; at < text.size();) {
            auto window = text.substr(at, regex_window);
            const bool is_last = at + window.size() == text.size();
            // Whole lines, so that no number is cut in two.
            if (const auto end = window.rfind('\n');
                !is_last && end != std::string_view::npos && end > regex_window / 2)
                window = window.substr(0, end + 1);
            std::cmatch match;
            auto flags = std::regex_constants::match_default;
            if (at > 0) flags |= std::regex_constants::match_prev_avail;
            if (std::regex_search(window.data(), window.data() + window.size(), match, regex, flags))
                return groups_of(match, payload.metrics);
            if (is_last) break;
            const auto next = text.find('\n', at + regex_window / 2);
            at = std::min(next == std::string_view::npos ? text.size() : next + 1, at + regex_window);
        }
    } catch (const std::regex_error&) { // too complex for this text; that it is valid was checked before
    }
    return {};
}

std::vector<MetricValue> numbers_of(const plan::Payload& payload, const plan::CapturedOutput& output) {
    if (payload.output == plan::Payload::Output::json) return numbers_of_json(output.text);
    if (payload.output == plan::Payload::Output::regex) return numbers_of_regex(output.text, payload);
    return {};
}

std::string why_absent(const plan::Payload& payload, const plan::PayloadReport& report) {
    if (!report.error.empty()) return report.error;
    if (report.ended_by != "itself") return "it was ended by " + report.ended_by + " before it had written them";
    const bool cut = report.out.dropped_bytes > 0 || report.err.dropped_bytes > 0;
    std::string why = "nothing in its output matches the pattern";
    if (payload.output == plan::Payload::Output::json) why = "its output has no JSON document with numbers";
    if (payload.output == plan::Payload::Output::llm) why = "the model has found none in its output";
    if (report.out.text.empty() && report.err.text.empty()) why = "it has written nothing";
    return cut ? why + " (" + std::to_string(report.out.dropped_bytes + report.err.dropped_bytes) +
                     " bytes of it were left out)"
               : why;
}

PayloadMetrics extracted_metrics(const plan::Extraction* extraction) {
    PayloadMetrics metrics;
    if (extraction == nullptr) {
        metrics.absent = "no model was asked";
        return metrics;
    }
    for (const auto& metric : extraction->metrics)
        if (std::isfinite(metric.value) && metrics.find(metric.name) == nullptr)
            metrics.values.push_back({metric.name, metric.value, "", plan::Metric::Polarity::none});
    metrics.unavailable = !extraction->unavailable.empty();
    metrics.absent = extraction->unavailable;
    if (metrics.values.empty() && !metrics.unavailable)
        for (const auto& problem : extraction->problems)
            metrics.absent += (metrics.absent.empty() ? "" : "; ") + problem;
    return metrics;
}

} // namespace

const MetricValue* PayloadMetrics::find(std::string_view name) const {
    const auto found =
        std::find_if(values.begin(), values.end(), [name](const MetricValue& value) { return value.name == name; });
    return found == values.end() ? nullptr : &*found;
}

PayloadMetrics read_metrics(const plan::Payload& payload, const plan::PayloadReport& report,
                            const plan::Extraction* extraction) {
    PayloadMetrics metrics;
    if (payload.output == plan::Payload::Output::llm) {
        metrics = extracted_metrics(extraction);
        if (metrics.values.empty() && metrics.absent.empty()) metrics.absent = why_absent(payload, report);
    } else if (payload.output == plan::Payload::Output::exit_code) {
        if (report.exit_code >= 0)
            metrics.values.push_back({"exit_code", static_cast<double>(report.exit_code), "", {}});
        else
            metrics.absent = report.error.empty() ? "it did not exit: " + report.exit : report.error;
    } else {
        metrics.values = numbers_of(payload, report.out);
        if (metrics.values.empty()) metrics.values = numbers_of(payload, report.err);
        if (metrics.values.empty()) metrics.absent = why_absent(payload, report);
    }
    for (auto& value : metrics.values)
        for (const auto& declared : payload.metrics)
            if (declared.name == value.name) {
                value.unit = declared.unit;
                value.better = declared.better;
            }
    return metrics;
}

} // namespace ktstr::eval
