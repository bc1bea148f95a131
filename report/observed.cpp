// SPDX-License-Identifier: GPL-2.0-only
#include "report/observed.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.h"
#include "interp/plan/monitor.h"

namespace ktstr::report {

using nlohmann::json;

namespace {

constexpr int observed_version = 1;
constexpr std::size_t most_lines = 24; // of a snapshot in a report

json array_of(const auto& items) {
    json array = json::array();
    for (const auto& item : items) array.push_back(to_json(item));
    return array;
}

json value_summary(const plan::Monitor& monitor, std::size_t index, bool counts) {
    double least = INFINITY;
    double most = -INFINITY;
    double sum = 0;
    std::size_t seen = 0;
    const plan::MonitorSample* first = nullptr;
    const plan::MonitorSample* last = nullptr;
    for (const auto& sample : monitor.samples) {
        const double value = sample.values[index];
        if (!std::isfinite(value)) continue;
        least = std::min(least, value);
        most = std::max(most, value);
        sum += value;
        seen += 1;
        if (first == nullptr) first = &sample;
        last = &sample;
    }
    if (seen == 0) return {{"samples", 0}};
    json summary = {{"samples", seen},
                    {"min", least},
                    {"max", most},
                    {"mean", sum / static_cast<double>(seen)},
                    {"last", last->values[index]}};
    if (const double seconds = static_cast<double>(last->at_ns - first->at_ns) / 1e9; counts && seconds > 0)
        summary["per_second"] = (last->values[index] - first->values[index]) / seconds;
    return summary;
}

} // namespace

json monitor_summary(const plan::Monitor& monitor) {
    json values = json::object();
    for (std::size_t i = 0; i < monitor.names.size(); ++i) {
        const auto* value = plan::find_monitor_value(monitor.names[i]);
        values[monitor.names[i]] = value_summary(monitor, i, value != nullptr && value->counts);
    }
    return {{"interval_ns", monitor.interval_ns},
            {"samples", monitor.samples.size()},
            {"values", std::move(values)},
            {"absent", monitor.absent},
            {"reason", monitor.reason.empty() ? json() : json(monitor.reason)}};
}

json snapshot_list(const plan::Record& record) {
    json list = json::array();
    for (const auto& snapshot : record.snapshots)
        list.push_back({{"name", snapshot.name},
                        {"trigger", snapshot.trigger},
                        {"at_ns", snapshot.at_ns},
                        {"step", snapshot.step},
                        {"stopped_ms", snapshot.stopped_ms},
                        {"placeholder", !snapshot.state},
                        {"reason", snapshot.state ? json() : json(snapshot.reason)}});
    return list;
}

std::vector<std::string> snapshot_lines(const plan::Snapshot& snapshot, std::size_t width) {
    std::vector<std::string> lines;
    if (!snapshot.state) return lines;
    const json& state = *snapshot.state;
    std::string line;
    for (const auto& variable : state.value("variables", json::array())) {
        const json& value = variable["value"];
        if (!variable.value("live", false) || !(value.is_number() || value.is_boolean())) continue;
        const std::string word = variable.value("name", "") + " " + value.dump();
        if (!line.empty() && line.size() + 3 + word.size() > width) lines.push_back(std::exchange(line, {}));
        line += (line.empty() ? "" : "   ") + word;
    }
    if (!line.empty()) lines.push_back(std::move(line));
    for (const auto& cpu : state.value("registers", json::array())) {
        if (lines.size() >= most_lines) break;
        const std::string rip = cpu.value("symbol", cpu.value("rip", ""));
        lines.push_back("CPU " + std::to_string(cpu.value("cpu", 0)) + " at " + rip);
    }
    lines.resize(std::min(lines.size(), most_lines));
    return lines;
}

Result<std::string> write_observed(const std::filesystem::path& directory, const std::string& stem,
                                   const plan::Record& record) {
    const std::string name = stem + ".observed.json";
    const auto path = directory / name;
    if (record.snapshots.empty() && record.kernel_reads.empty() && record.monitor.samples.empty()) {
        std::error_code ignored; // it is not there, usually
        std::filesystem::remove(path, ignored);
        return std::string();
    }
    const json observed = {{"observed_version", observed_version},
                           {"snapshots", array_of(record.snapshots)},
                           {"monitor", to_json(record.monitor)},
                           {"kernel_reads", array_of(record.kernel_reads)}};
    if (auto written = write_file(path, observed.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"); !written)
        return written.error();
    return name;
}

} // namespace ktstr::report
