// SPDX-License-Identifier: GPL-2.0-only
#include "stats/record_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <simdjson.h>

#include "base/fd.h"
#include "stats/measured.h"

namespace ktstr::stats {

namespace {

namespace dom = simdjson::dom;

constexpr std::size_t largest_record = std::size_t{256} << 20U; // bytes
constexpr std::size_t longest_message = 240;                    // bytes of it that a row keeps

// Thrown where a record is not as it should be; goes no further than RecordReader::read().
struct Damaged {
    std::string what;
};

template <typename T> T as(const dom::element& value, std::string_view key, const char* kind) {
    T out{};
    if (value.get(out) != simdjson::SUCCESS) throw Damaged{"its '" + std::string(key) + "' is no " + kind};
    return out;
}

dom::element required(const dom::object& object, std::string_view key) {
    dom::element value;
    if (object.at_key(key).get(value) != simdjson::SUCCESS)
        throw Damaged{"it lacks the key '" + std::string(key) + "'"};
    return value;
}

std::optional<dom::element> nullable(const dom::object& object, std::string_view key) {
    dom::element value;
    if (object.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
    return value;
}

std::string text(const dom::object& object, std::string_view key) {
    return std::string(as<std::string_view>(required(object, key), key, "text"));
}
std::string text_or_null(const dom::object& object, std::string_view key) {
    const auto value = nullable(object, key);
    return value ? std::string(as<std::string_view>(*value, key, "text")) : std::string();
}
std::uint64_t count(const dom::object& object, std::string_view key) {
    return as<std::uint64_t>(required(object, key), key, "whole number");
}
std::optional<std::uint64_t> count_or_null(const dom::object& object, std::string_view key) {
    const auto value = nullable(object, key);
    if (!value) return std::nullopt;
    return as<std::uint64_t>(*value, key, "whole number");
}
double number(const dom::object& object, std::string_view key) {
    return as<double>(required(object, key), key, "number");
}
bool truth(const dom::object& object, std::string_view key) {
    return as<bool>(required(object, key), key, "true or false");
}
dom::array list(const dom::object& object, std::string_view key) {
    return as<dom::array>(required(object, key), key, "list");
}
dom::object object_in(const dom::element& value, std::string_view key) { return as<dom::object>(value, key, "object"); }

// The words of a list, in their order, with a blank between two.
std::string words(const dom::array& items, std::string_view key) {
    std::string joined;
    for (const dom::element item : items)
        joined.append(joined.empty() ? "" : " ").append(as<std::string_view>(item, key, "list of texts"));
    return joined;
}

// The sidecar's three bits: none of them is a failure.
eval::Outcome outcome_of(const dom::object& record) {
    constexpr std::array<std::pair<const char*, eval::Outcome>, 3> bits = {
        {{"passed", eval::Outcome::pass},
         {"skipped", eval::Outcome::skip},
         {"inconclusive", eval::Outcome::inconclusive}}};
    eval::Outcome outcome = eval::Outcome::fail;
    const char* seen = nullptr;
    for (const auto& [key, meaning] : bits) {
        if (!truth(record, key)) continue;
        if (seen != nullptr) throw Damaged{std::string("it is both '") + seen + "' and '" + key + "'"};
        seen = key;
        outcome = meaning;
    }
    return outcome;
}

// Why the run failed: what ended it, or else the first of what was found.
std::string message_of(const dom::object& record) {
    std::string message = text_or_null(record, "message");
    if (const auto found = nullable(record, "assertions"); message.empty() && found)
        for (const dom::element item : as<dom::array>(*found, "assertions", "list")) {
            const dom::object assertion = object_in(item, "assertions");
            if (text_or_null(assertion, "outcome") != "fail") continue;
            message = text_or_null(assertion, "message");
            break;
        }
    message = message.substr(0, std::min(message.find('\n'), longest_message));
    return message;
}

void read_identity(const dom::object& record, Row& row) {
    row.timestamp = text(record, "timestamp");
    row.scenario = text(record, "test_name");
    row.file = text(record, "file");
    row.variant = text(record, "variant");
    row.topology = text(record, "topology");
    row.scheduler = text(record, "scheduler");
    row.payload = text_or_null(record, "payload");
    row.work_type = text(record, "work_type");
    row.sysctls = words(list(record, "sysctls"), "sysctls");
    row.kargs = words(list(record, "kargs"), "kargs");
    row.kernel = text_or_null(record, "kernel_version");
    row.accelerator = text_or_null(record, "accelerator");
    row.vcpus = count(record, "vcpus");
    row.seed = count(record, "seed");
}

// The keys that version 2 brought.
void read_provenance(const dom::object& record, Row& row) {
    row.project_commit = text_or_null(record, "project_commit");
    row.kernel_commit = text_or_null(record, "kernel_commit");
    row.scheduler_commit = text_or_null(record, "scheduler_commit");
    row.run_source = text(record, "run_source");
    row.run_id = text_or_null(record, "run_id");
    row.cpu_budget = count_or_null(record, "cpu_budget");
    row.flags = words(list(record, "flags"), "flags");
    row.host = simdjson::minify(object_in(required(record, "host"), "host"));
    for (const auto [name, value] : object_in(required(record, "parameters"), "parameters"))
        row.parameters.append(row.parameters.empty() ? "" : " ")
            .append(name)
            .append("=")
            .append(as<std::string_view>(value, "parameters", "object of texts"));
}

plan::Latency latency_of(const dom::object& from) {
    plan::Latency latency;
    latency.name = text(from, "name");
    latency.seen = count(from, "seen");
    latency.max_ns = count(from, "max_ns");
    const dom::array kept = list(from, "kept_ns");
    latency.kept_ns.reserve(kept.size());
    for (const dom::element ns : kept) latency.kept_ns.push_back(as<std::uint64_t>(ns, "kept_ns", "list of numbers"));
    return latency;
}

// Of a worker's report what its metrics are made of.
plan::WorkerReport worker_of(const dom::object& from) {
    plan::WorkerReport worker;
    worker.cgroup = text(from, "cgroup");
    worker.work_type = text(from, "work_type");
    worker.step = static_cast<int>(as<std::int64_t>(required(from, "step"), "step", "whole number"));
    worker.work_units = count(from, "work_units");
    worker.iterations = count(from, "iterations");
    worker.started_at_ns = as<std::int64_t>(required(from, "started_at_ns"), "started_at_ns", "whole number");
    worker.wall_ns = count(from, "wall_ns");
    worker.cpu_ns = count(from, "cpu_ns");
    worker.migrations = count(from, "migrations");
    worker.longest_gap_ns = count(from, "longest_gap_ns");
    worker.run_delay_ns = count(from, "run_delay_ns");
    worker.timeslices = count(from, "timeslices");
    if (const auto latencies = nullable(from, "latencies"))
        for (const dom::element one : as<dom::array>(*latencies, "latencies", "list"))
            worker.latencies.push_back(latency_of(object_in(one, "latencies")));
    return worker;
}

void read_workers(const dom::object& record, Measured& measured) {
    std::vector<plan::WorkerReport> workers;
    for (const dom::element one : list(record, "workers")) workers.push_back(worker_of(object_in(one, "workers")));
    measured.add_workers(workers);
}

void read_monitor(const dom::object& record, Measured& measured) {
    const auto monitor = nullable(record, "monitor");
    if (!monitor) return;
    for (const auto [name, value] : object_in(required(object_in(*monitor, "monitor"), "values"), "monitor.values")) {
        const dom::object summary = object_in(value, "monitor.values");
        if (count(summary, "samples") == 0) continue;
        const auto per_second = nullable(summary, "per_second");
        measured.add_monitor(name, number(summary, "mean"), number(summary, "max"),
                             per_second ? std::optional(as<double>(*per_second, "per_second", "number"))
                                        : std::nullopt);
    }
}

void read_programs(const dom::object& record, Measured& measured) {
    const auto programs = nullable(record, "programs");
    if (!programs) return;
    std::vector<plan::BpfProgram> all;
    for (const dom::element one : list(object_in(*programs, "programs"), "list")) {
        const dom::object from = object_in(one, "programs.list");
        plan::BpfProgram program;
        program.name = text(from, "name");
        program.callback = text(from, "callback");
        program.verified_insns = count_or_null(from, "verified_insns");
        program.run_count = count_or_null(from, "run_count");
        program.run_time_ns = count_or_null(from, "run_time_ns");
        all.push_back(std::move(program));
    }
    measured.add_programs(all);
}

void read_payloads(const dom::object& record, Measured& measured) {
    for (const dom::element one : list(record, "metrics")) {
        const dom::object metric = object_in(one, "metrics");
        const auto value = nullable(metric, "value"); // null: it was not finite
        if (!value) continue;
        const std::string better = text_or_null(metric, "better");
        measured.add_payload(text_or_null(metric, "payload"), text(metric, "name"),
                             as<double>(*value, "value", "number"), text_or_null(metric, "unit"),
                             better == "higher"  ? Polarity::higher
                             : better == "lower" ? Polarity::lower
                                                 : Polarity::none);
    }
}

void read_times(const dom::object& record, Measured& measured) {
    for (const dom::element one : list(record, "phases")) {
        const dom::object phase = object_in(one, "phases");
        measured.add_phase(text(phase, "phase"), number(phase, "host_ms"));
    }
    measured.add("duration_ms", number(record, "duration_ms"));
    if (const auto bytes = count_or_null(record, "executor_resident_bytes"); bytes && *bytes > 0)
        measured.add("executor_resident_bytes", static_cast<double>(*bytes));
    if (const auto kvm = nullable(record, "kvm_stats"))
        for (const auto [name, value] : object_in(*kvm, "kvm_stats"))
            if (double seen = 0; value.get(seen) == simdjson::SUCCESS) measured.add("kvm." + std::string(name), seen);
}

// Of a record that check_version() has let pass.
std::int64_t version_of(const dom::object& record) {
    return as<std::int64_t>(required(record, "sidecar_version"), "sidecar_version", "whole number");
}

Row row_of(const dom::object& record, MetricTable& metrics) {
    Row row;
    row.outcome = outcome_of(record);
    row.expected_failure = truth(record, "expected_failure");
    read_identity(record, row);
    if (version_of(record) >= 2) read_provenance(record, row);
    if (row.outcome == eval::Outcome::fail) row.message = message_of(record);
    Measured measured(metrics);
    if (row.outcome != eval::Outcome::skip) {
        read_workers(record, measured);
        read_monitor(record, measured);
        read_programs(record, measured);
        read_payloads(record, measured);
        read_times(record, measured);
    }
    row.values = measured.take();
    return row;
}

std::optional<Error> check_version(const dom::object& record) {
    dom::element version;
    if (record.at_key("sidecar_version").get(version) != simdjson::SUCCESS)
        return Error{"it is JSON, but no record of a run: it has no 'sidecar_version'",
                     "records are what `ktstr run` has written; move other files elsewhere, or rename them"};
    std::int64_t number = 0;
    if (version.get(number) != simdjson::SUCCESS || number < oldest_record)
        return Error{"its 'sidecar_version' is " + std::string(simdjson::minify(version)).substr(0, 40) +
                         ", which no ktstr has written",
                     "run the scenario again, or remove the file"};
    if (number > newest_record)
        return Error{"it has the version " + std::to_string(number) + ", and this ktstr reads versions " +
                         std::to_string(oldest_record) + " to " + std::to_string(newest_record),
                     "read it by the ktstr that has written it, or a later one"};
    return std::nullopt;
}

Error not_json(std::string_view content, simdjson::error_code code) {
    const auto last = content.find_last_not_of(" \n\r\t");
    if (content.empty() || last == std::string_view::npos)
        return {"it is empty", "a full disk or a copy that was cut off leaves such files: run the scenario again"};
    if (content.front() == '{' && content[last] != '}')
        return {"it is cut off: " + std::to_string(content.size()) + " bytes that do not end in }",
                "copy it again, or run the scenario again"};
    return {"it is not JSON: " + std::string(simdjson::error_message(code)), "run the scenario again, or remove it"};
}

} // namespace

struct RecordReader::State {
    dom::parser parser{largest_record};
    std::string buffer; // the file, and behind it what simdjson may read beyond
    std::size_t size = 0;

    Result<void> load(const std::filesystem::path& path);
};

Result<void> RecordReader::State::load(const std::filesystem::path& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0) return Error{errno_error("read", "it", errno).message, ""};
    if (!S_ISREG(status.st_mode)) return Error{"it is no regular file", "records are files"};
    if (static_cast<std::uint64_t>(status.st_size) > largest_record)
        return Error{"it is larger than 256 MiB", "no ktstr writes such records: remove it"};
    if (const auto room = static_cast<std::size_t>(status.st_size) + simdjson::SIMDJSON_PADDING; buffer.size() < room)
        buffer.resize(room);
    size = 0;
    while (size + simdjson::SIMDJSON_PADDING < buffer.size()) {
        const ssize_t got = ::read(file.get(), buffer.data() + size, buffer.size() - simdjson::SIMDJSON_PADDING - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno_error("read", "it", errno);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    return {};
}

RecordReader::RecordReader() : state_(std::make_unique<State>()) {}
RecordReader::RecordReader(RecordReader&&) noexcept = default;
RecordReader::~RecordReader() = default;

Result<Row> RecordReader::read(const std::filesystem::path& path, MetricTable& metrics) {
    if (auto loaded = state_->load(path); !loaded)
        return Error{loaded.error().message,
                     loaded.error().hint.empty() ? "see that it is there, and may be read" : loaded.error().hint};
    dom::element root;
    const auto parsed = state_->parser.parse(state_->buffer.data(), state_->size, false).get(root);
    if (parsed != simdjson::SUCCESS) return not_json({state_->buffer.data(), state_->size}, parsed);
    dom::object record;
    if (root.get(record) != simdjson::SUCCESS)
        return Error{"it is JSON, but no record of a run: it is no object", "move it elsewhere, or rename it"};
    if (auto wrong = check_version(record)) return *wrong;
    try {
        return row_of(record, metrics);
    } catch (const Damaged& damaged) {
        return Error{"it is damaged: " + damaged.what, "run the scenario again, or remove the file"};
    }
}

} // namespace ktstr::stats
