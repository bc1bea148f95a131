// SPDX-License-Identifier: GPL-2.0-only
#include "report/observed.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.h"
#include "ctprof/host/file.h"
#include "interp/plan/bounded_json.h"
#include "interp/plan/monitor.h"

namespace ktstr::report {

using nlohmann::json;

namespace {

constexpr int observed_version = 1;
constexpr std::size_t most_lines = 24;                         // of a snapshot in a report
constexpr std::size_t largest_file = std::size_t{256} << 20U;  // compressed
constexpr std::size_t largest_content = std::size_t{1} << 30U; // as JSON
constexpr int most_levels = 2 * plan::most_json_levels;        // a scheduler's own statistics, and what is around them
constexpr std::string_view compressed_begin = "\x28\xb5\x2f\xfd"; // a frame of zstd (RFC 8878, 3.1.1)

json array_of(const auto& items) {
    json array = json::array();
    for (const auto& item : items) array.push_back(to_json(item));
    return array;
}

std::string text_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

// The text of to_json(snapshot). What was captured is most of it, and is not copied.
std::string snapshot_text(const plan::Snapshot& snapshot) {
    if (!snapshot.state) return text_of(to_json(snapshot));
    plan::Snapshot bare = snapshot;
    bare.state = std::make_shared<const json>(json::object());
    const json head = to_json(bare);
    std::string text = text_of(head);
    text.pop_back();
    for (const auto& [key, value] : snapshot.state->items())
        if (!head.contains(key)) text.append(",").append(text_of(key)).append(":").append(text_of(value));
    return text + "}";
}

json value_summary(const plan::Monitor& monitor, std::size_t index, bool counts) {
    double least = INFINITY;
    double most = -INFINITY;
    double sum = 0;
    std::size_t seen = 0;
    const plan::MonitorSample* first = nullptr;
    const plan::MonitorSample* last = nullptr;
    for (const auto& sample : monitor.samples) {
        if (index >= sample.values.size()) continue; // it was not there yet
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
        if (plan::cpu_value_name(monitor.names[i])) continue; // of a hundred CPUs they would be most of the record
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

Result<std::string> observed_bytes(const plan::Record& record, const std::string& run_id) {
    if (record.snapshots.empty() && record.kernel_reads.empty() && record.monitor.samples.empty()) return std::string();
    std::string text = text_of(json{{"observed_version", observed_version},
                                    {"run_id", run_id},
                                    {"monitor", to_json(record.monitor)},
                                    {"programs", to_json(record.programs)},
                                    {"kernel_reads", array_of(record.kernel_reads)}});
    text.replace(text.size() - 1, 1, ",\"snapshots\":[");
    for (const auto& snapshot : record.snapshots) text += (text.ends_with('[') ? "" : ",") + snapshot_text(snapshot);
    return ctprof::compress(text + "]}\n");
}

Result<json> parse_observed(std::string_view bytes) {
    Result<std::string> unpacked = std::string();
    if (bytes.starts_with(compressed_begin)) {
        unpacked = ctprof::decompress(bytes, largest_content);
        if (!unpacked) return unpacked.error();
        bytes = *unpacked;
    }
    auto observed = plan::parse_json(bytes, most_levels);
    if (!observed) return observed.error();
    if (!observed->is_object() || !observed->contains("observed_version"))
        return Error{"it is not what `ktstr run` has observed"};
    if ((*observed)["observed_version"] != observed_version)
        return Error{"it has the version " + (*observed)["observed_version"].dump().substr(0, 40) +
                     ", and this ktstr reads version " + std::to_string(observed_version)};
    return observed;
}

Result<json> read_observed(const std::filesystem::path& path) {
    const auto bytes = read_file(path, largest_file);
    if (!bytes) return bytes.error();
    auto observed = parse_observed(*bytes);
    if (!observed) return Error{"cannot read " + path.string() + ": " + observed.error().message};
    return observed;
}

} // namespace ktstr::report
