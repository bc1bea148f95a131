// SPDX-License-Identifier: GPL-2.0-only
#include "report/html/findings.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "interp/eval/units.h"
#include "report/html/escape.h"
#include "report/source_line.h"

namespace ktstr::report::html {

namespace {

using nlohmann::json;

constexpr std::size_t shown_plots = 12;

// A member if it is there and of this type, else what it would be if it were empty. A record may be damaged.
std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}
std::optional<double> number_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}
const json& list_of(const json& object, const char* name) {
    static const json none = json::array();
    const auto found = object.find(name);
    return found != object.end() && found->is_array() ? *found : none;
}

std::string outcome_of(const json& assertion) { return text_of(assertion, "outcome"); }
bool refuted(const json& assertion) {
    return outcome_of(assertion) == "fail" || outcome_of(assertion) == "inconclusive";
}

plan::SourcePosition position_of(const json& assertion) {
    plan::SourcePosition position;
    const auto source = assertion.find("source");
    if (source == assertion.end() || !source->is_object()) return position;
    position.file = text_of(*source, "file");
    const auto integer = [&](const char* name) {
        const double value = number_of(*source, name).value_or(0);
        return value >= 1 && value <= 1e9 ? static_cast<int>(value) : 0;
    };
    position.line = integer("line");
    position.column = integer("column");
    return position;
}

// What the quoting functions need to find a source file again.
ScenarioResult place_of(const json& sidecar, const plan::SourcePosition& position) {
    ScenarioResult place;
    place.file = text_of(sidecar, "file");
    if (place.file.string().ends_with(position.file)) place.plan.source.file = position.file;
    return place;
}

// The line that it speaks of, if that still stands there and says more than the expectation as it is written.
std::string quoted(const ScenarioResult& place, const plan::SourcePosition& position, const std::string& written) {
    const auto line = read_source_line(place, position);
    if (!line || position.column < 1 || static_cast<std::size_t>(position.column) > line->size()) return "";
    const std::string rest = line->substr(static_cast<std::size_t>(position.column) - 1);
    const bool unchanged = rest.starts_with(written.substr(0, written.find_first_of(" \n")));
    return unchanged && rest != written ? element("pre", "src", quoted_source(*line, position, "")) : "";
}

std::string robustness_of(const json& assertion) {
    const auto robustness = number_of(assertion, "robustness");
    if (!robustness) return "";
    const std::string unit = text_of(assertion, "unit");
    if (unit == "ns") return eval::human_duration(*robustness);
    if (unit == "ratio") return eval::human_ratio(*robustness);
    return eval::human_count(*robustness);
}

std::string finding(const json& sidecar, const json& assertion) {
    const plan::SourcePosition position = position_of(assertion);
    const ScenarioResult place = place_of(sidecar, position);
    const std::string written = text_of(assertion, "written");
    std::string text = "<li class=\"" + std::string(outcome_of(assertion) == "fail" ? "fail" : "inconclusive") + "\">";
    std::string at;
    if (position.line > 0) at += element("span", "", location(place, position));
    if (const auto robustness = robustness_of(assertion); !robustness.empty())
        at += " " + element("span", "", "robustness " + robustness);
    if (!at.empty()) text += "<p class=\"at\">" + at + "</p>";
    if (!written.empty()) text += element("code", "", written);
    text += element("p", "msg", message_of(assertion)) + quoted(place, position, written);
    for (const auto& note : list_of(assertion, "notes"))
        if (note.is_string()) text += element("p", "note", "note: " + note.get<std::string>());
    if (const auto hint = text_of(assertion, "hint"); !hint.empty()) text += element("p", "note", "hint: " + hint);
    return text + "</li>\n";
}

std::vector<Plot::Sample> samples_of(const json& judged) {
    std::vector<Plot::Sample> samples;
    const auto found = judged.find("samples");
    if (found == judged.end() || !found->is_object()) return samples;
    const json& at_ns = list_of(*found, "at_ns");
    const json& values = list_of(*found, "values");
    for (std::size_t i = 0; i < std::min(at_ns.size(), values.size()); ++i)
        if (at_ns[i].is_number_integer())
            samples.push_back({at_ns[i].get<std::int64_t>(), values[i].is_number()
                                                                 ? values[i].get<double>()
                                                                 : std::numeric_limits<double>::quiet_NaN()});
    return samples;
}

JudgedPlot plot_of(const json& assertion, const json& judged) {
    JudgedPlot plot;
    plot.title = text_of(judged, "written");
    plot.plot.low = number_of(judged, "low");
    plot.plot.high = number_of(judged, "high");
    plot.plot.refuted = refuted(assertion);
    plot.plot.samples = samples_of(judged);
    if (const auto decides = judged.find("decides"); decides != judged.end() && decides->is_object()) {
        const auto at = decides->find("at_ns");
        if (at != decides->end() && at->is_number_integer()) {
            plot.decides = text_of(*decides, "tag");
            plot.decides_at_ns = at->get<std::int64_t>();
        }
    }
    return plot;
}

} // namespace

std::string message_of(const json& assertion) {
    const std::string message = text_of(assertion, "message");
    const std::string written = text_of(assertion, "written") + ": ";
    return written.size() > 2 && message.starts_with(written) ? message.substr(written.size()) : message;
}

std::string findings(const json& sidecar) {
    std::string items;
    for (const auto& assertion : list_of(sidecar, "assertions"))
        if (assertion.is_object() && refuted(assertion)) items += finding(sidecar, assertion);
    return items.empty() ? "" : "<ul class=\"findings\">\n" + items + "</ul>\n";
}

std::string held(const json& sidecar) {
    std::string rows;
    std::size_t count = 0;
    for (const auto& assertion : list_of(sidecar, "assertions")) {
        if (!assertion.is_object() || refuted(assertion)) continue;
        const std::string written = text_of(assertion, "written");
        rows += "<tr>" + element("td", "code", written.empty() ? text_of(assertion, "kind") : written) +
                element("td", "", message_of(assertion)) + element("td", "r", robustness_of(assertion)) + "</tr>\n";
        ++count;
    }
    if (count == 0) return "";
    return "<details class=\"more\"><summary>" + std::to_string(count) + " held</summary><div class=\"wide\"><table>" +
           "<tr><th>expectation</th><th>seen</th><th class=\"r\">robustness</th></tr>\n" + rows +
           "</table></div></details>\n";
}

std::vector<JudgedPlot> judged_plots(const json& sidecar) {
    std::vector<JudgedPlot> plots;
    for (const bool wanted : {true, false})
        for (const auto& assertion : list_of(sidecar, "assertions")) {
            if (!assertion.is_object() || refuted(assertion) != wanted) continue;
            for (const auto& judged : list_of(assertion, "judged")) {
                if (!judged.is_object() || plots.size() >= shown_plots) continue;
                JudgedPlot plot = plot_of(assertion, judged);
                const bool known = std::any_of(plots.begin(), plots.end(), [&](const JudgedPlot& one) {
                    const bool bounded = plot.plot.low || plot.plot.high;
                    const bool same = one.plot.low == plot.plot.low && one.plot.high == plot.plot.high;
                    return one.title == plot.title && (same || !bounded);
                });
                if (!known && !range_of(plot.plot).empty) plots.push_back(std::move(plot));
            }
        }
    return plots;
}

} // namespace ktstr::report::html
