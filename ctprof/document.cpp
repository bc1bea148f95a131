// SPDX-License-Identifier: GPL-2.0-only
#include "ctprof/document.h"

#include "ctprof/json_fields.h"

namespace ktstr::ctprof {

using nlohmann::json;

namespace {

constexpr const char* format_name = "ktstr ctprof";
constexpr std::size_t longest_name = 256; // of a thread: 15 bytes, 63 for a kernel worker; escaped they are more
constexpr std::size_t most_values = 1000; // of a cgroup, and files that could not be read
constexpr int deepest = 8;

json to_json(const Thread& thread) {
    json values = json::object();
    for (const auto& info : counters)
        if (const auto& value = thread.values.at(static_cast<std::size_t>(info.counter)))
            values[std::string(info.name)] = *value;
    return {{"pid", thread.pid},
            {"tid", thread.tid},
            {"ppid", thread.ppid},
            {"process", thread.process},
            {"thread", thread.thread},
            {"kernel_thread", thread.kernel_thread},
            {"uid", thread.uid},
            {"gid", thread.gid},
            {"start_time_ns", thread.start_time_ns},
            {"state", std::string(1, thread.state)},
            {"cgroup", thread.cgroup},
            {"policy", thread.policy},
            {"priority", thread.priority},
            {"nice", thread.nice},
            {"rt_priority", thread.rt_priority},
            {"cpu", thread.cpu},
            {"cpus_allowed", thread.cpus_allowed},
            {"heap", to_string(thread.heap)},
            {"counters", std::move(values)}};
}

json to_json(const Report& report) {
    json heap = json::object();
    for (std::size_t i = 0; i < report.heap.size(); ++i)
        heap[std::string(to_string(static_cast<HeapState>(i)))] = report.heap.at(i);
    return {{"processes", report.processes}, {"vanished", report.vanished}, {"left_out", report.left_out},
            {"absent", report.absent},       {"heap", std::move(heap)},     {"walk_ns", report.walk_ns},
            {"probe_ns", report.probe_ns}};
}

void read_counters(JsonFields& fields, Thread& thread) {
    const json* values = fields.find("counters");
    if (values == nullptr) return;
    if (!values->is_object()) return fields.fail_field("counters", "is not an object");
    for (const auto& [name, value] : values->items()) {
        const auto counter = counter_from_string(name);
        const auto number = JsonFields::integer_of<std::uint64_t>(value);
        if (!counter || !number)
            return fields.fail_field("counters", "has '" + name.substr(0, 100) + "', not a known count");
        thread[*counter] = *number;
    }
}

Result<Thread> read_thread(const json& value, const std::string& where) {
    Thread thread;
    std::string state;
    JsonFields fields(value, where);
    fields.integer("pid", thread.pid);
    fields.integer("tid", thread.tid);
    fields.integer("ppid", thread.ppid);
    fields.text("process", thread.process, longest_name);
    fields.text("thread", thread.thread, longest_name);
    fields.boolean("kernel_thread", thread.kernel_thread);
    fields.integer("uid", thread.uid);
    fields.integer("gid", thread.gid);
    fields.integer("start_time_ns", thread.start_time_ns);
    fields.text("state", state, 1);
    fields.text("cgroup", thread.cgroup, 65536);
    fields.text("policy", thread.policy, 32);
    fields.integer("priority", thread.priority);
    fields.integer("nice", thread.nice);
    fields.integer("rt_priority", thread.rt_priority);
    fields.integer("cpu", thread.cpu);
    fields.text("cpus_allowed", thread.cpus_allowed, 65536);
    fields.choice("heap", thread.heap, heap_state_from_string);
    read_counters(fields, thread);
    thread.state = state.empty() ? '?' : state.front();
    return fields.finish(std::move(thread));
}

void read_values(JsonFields& fields, const char* name, std::map<std::string, std::uint64_t>& out) {
    const json* values = fields.find(name);
    if (values == nullptr) return;
    if (!values->is_object() || values->size() > most_values) return fields.fail_field(name, "is no object of counts");
    for (const auto& [key, value] : values->items()) {
        const auto number = JsonFields::integer_of<std::uint64_t>(value);
        if (!number || key.size() > longest_name) return fields.fail_field(name, "is no object of counts");
        out[key] = *number;
    }
}

Result<Cgroup> read_cgroup(const json& value, const std::string& where) {
    Cgroup cgroup;
    JsonFields fields(value, where);
    fields.text("path", cgroup.path, 65536);
    read_values(fields, "values", cgroup.values);
    return fields.finish(std::move(cgroup));
}

Result<Report> read_report(const json& value, const std::string& where) {
    Report report;
    JsonFields fields(value, where);
    fields.integer("processes", report.processes);
    fields.integer("vanished", report.vanished);
    fields.integer("left_out", report.left_out);
    fields.integer("walk_ns", report.walk_ns);
    fields.integer("probe_ns", report.probe_ns);
    read_values(fields, "absent", report.absent);
    std::map<std::string, std::uint64_t> heap;
    read_values(fields, "heap", heap);
    for (const auto& [name, count] : heap) {
        const auto state = heap_state_from_string(name);
        if (!state)
            fields.fail_field("heap", "has the unknown state '" + name + "'");
        else
            report.heap.at(static_cast<std::size_t>(*state)) = count;
    }
    return fields.finish(std::move(report));
}

template <typename T, typename Read>
void read_list(JsonFields& fields, const char* name, std::vector<T>& out, Read read) {
    const json* list = fields.find(name);
    if (list == nullptr) return;
    if (!list->is_array()) return fields.fail_field(name, "is not a list");
    for (const auto& element : *list) {
        auto one = read(element, std::string(name) + "[" + std::to_string(out.size()) + "]");
        if (!one) return fields.keep(one.error());
        out.push_back(std::move(*one));
    }
}

// Nesting is bounded: the parser keeps a level of its own for each.
Result<json> parse_json(std::string_view document) {
    bool too_deep = false;
    auto value = json::parse(
        document,
        [&](int level, json::parse_event_t, json&) {
            too_deep = too_deep || level > deepest;
            return !too_deep;
        },
        false);
    if (value.is_discarded() || too_deep || !value.is_object()) return Error{"it is not a ctprof capture"};
    return value;
}

} // namespace

json to_json(const Capture& capture) {
    json threads = json::array();
    for (const auto& thread : capture.threads) threads.push_back(to_json(thread));
    json cgroups = json::array();
    for (const auto& cgroup : capture.cgroups) cgroups.push_back({{"path", cgroup.path}, {"values", cgroup.values}});
    return {{"format", format_name},
            {"version", format_version},
            {"wall_clock_ns", capture.wall_clock_ns},
            {"boot_time_ns", capture.boot_time_ns},
            {"kernel_release", capture.kernel_release},
            {"host_name", capture.host_name},
            {"threads", std::move(threads)},
            {"cgroups", std::move(cgroups)},
            {"report", to_json(capture.report)}};
}

std::string to_document(const Capture& capture) {
    return to_json(capture).dump(-1, ' ', true, json::error_handler_t::replace);
}

Result<Capture> parse_document(std::string_view document) {
    if (document.size() > largest_document)
        return Error{"it is larger than the " + std::to_string(largest_document >> 20U) + " MiB that are read"};
    const auto value = parse_json(document);
    if (!value) return value.error();
    const auto format = value->find("format");
    if (format == value->end() || *format != format_name) return Error{"it is not a ctprof capture"};
    int version = 0;
    JsonFields fields(*value, "the capture");
    fields.integer("version", version);
    if (version > format_version)
        return Error{"it has version " + std::to_string(version) + " of the format, and this ktstr knows " +
                         std::to_string(format_version),
                     "read it with the ktstr that wrote it"};
    if (version < 1) fields.fail_field("version", "is below 1");
    Capture capture;
    fields.integer("wall_clock_ns", capture.wall_clock_ns);
    fields.integer("boot_time_ns", capture.boot_time_ns);
    fields.text("kernel_release", capture.kernel_release);
    fields.text("host_name", capture.host_name);
    read_list(fields, "threads", capture.threads, read_thread);
    read_list(fields, "cgroups", capture.cgroups, read_cgroup);
    if (const json* report = fields.find("report")) {
        auto read = read_report(*report, "report");
        if (read)
            capture.report = std::move(*read);
        else
            fields.keep(read.error());
    }
    return fields.finish(std::move(capture));
}

} // namespace ktstr::ctprof
