// SPDX-License-Identifier: GPL-2.0-only
#include "report/stored.h"

#include <limits>

#include "base/file.h"
#include "interp/plan/bounded_json.h"
#include "interp/plan/fields.h"
#include "report/observed.h"
#include "report/sidecar.h"

namespace ktstr::report {

using nlohmann::json;

namespace {

constexpr std::size_t file_limit = std::size_t{1} << 30U;

Result<json> read_json(const std::filesystem::path& path) {
    const auto content = read_file(path, file_limit);
    if (!content) return content.error();
    auto value = plan::parse_json(*content, 2 * plan::most_json_levels);
    if (!value || !value->is_object()) return Error{path.string() + " is not a record: it is not a JSON object"};
    return value;
}

// Thrown where something is not as it should be, as json::exception is: it goes no further than checked_record().
struct Damaged {
    std::string what;
};

template <typename T> void read_all(const json& items, std::vector<T>& out, Result<T> (*read)(const json&)) {
    if (!items.is_array()) throw Damaged{"a list of it is none"};
    for (const auto& item : items) {
        auto one = read(item);
        if (!one) throw Damaged{one.error().message};
        out.push_back(std::move(*one));
    }
}

std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? std::string() : found->get<std::string>();
}

// `with_state`: it is one of the observed file, which has more than a record's.
plan::Snapshot snapshot_of(json&& value, bool with_state) {
    plan::Snapshot snapshot;
    bool placeholder = false;
    plan::Fields fields(value, "snapshot");
    fields.text("name", snapshot.name);
    fields.text("trigger", snapshot.trigger);
    fields.integer("at_ns", snapshot.at_ns);
    fields.integer("step", snapshot.step);
    fields.number("stopped_ms", snapshot.stopped_ms);
    fields.boolean("placeholder", placeholder);
    if (placeholder) fields.text("reason", snapshot.reason);
    auto checked = fields.finish(std::move(snapshot));
    if (!checked) throw Damaged{checked.error().message};
    if (with_state && !placeholder) checked->state = std::make_shared<const json>(std::move(value));
    return std::move(*checked);
}

plan::MonitorSample sample_of(const json& value, std::size_t values) {
    plan::MonitorSample sample;
    plan::Fields fields(value, "monitor.samples");
    fields.integer("at_ns", sample.at_ns);
    fields.integer("step", sample.step);
    auto checked = fields.finish(std::move(sample));
    if (!checked) throw Damaged{checked.error().message};
    for (const auto& number : value.at("values"))
        checked->values.push_back(number.is_null() ? std::numeric_limits<double>::quiet_NaN() : number.get<double>());
    if (checked->values.size() > values) throw Damaged{"a sample of the monitor has values without a name"};
    return std::move(*checked);
}

plan::Monitor monitor_of(const json& value) {
    plan::Monitor monitor;
    monitor.names = value.at("names").get<std::vector<std::string>>();
    for (const auto& sample : value.at("samples")) monitor.samples.push_back(sample_of(sample, monitor.names.size()));
    return monitor;
}

plan::Repro repro_of(const json& sidecar) {
    plan::Repro repro;
    const auto found = sidecar.find("repro"); // earlier records have none
    if (found == sidecar.end() || found->is_null()) return repro;
    plan::Fields fields(*found, "repro");
    fields.boolean("attempted", repro.attempted);
    fields.boolean("same_failure", repro.same_failure);
    fields.boolean("valid", repro.valid);
    fields.text("reason", repro.reason);
    auto checked = fields.finish(std::move(repro));
    if (!checked) throw Damaged{checked.error().message};
    return std::move(*checked);
}

// So that times can be calculated with.
void check_times(const plan::Record& record) {
    const auto check = [](std::int64_t at_ns) {
        constexpr std::int64_t most = std::int64_t{1} << 60U; // 36 years
        if (at_ns < -most || at_ns > most) throw Damaged{"a time in it is out of range"};
    };
    for (const auto& event : record.events) check(event.at_ns);
    for (const auto& snapshot : record.snapshots) check(snapshot.at_ns);
    for (const auto& sample : record.monitor.samples) check(sample.at_ns);
    for (const auto& payload : record.payloads) check(payload.started_at_ns);
    for (const auto& worker : record.workers) {
        check(worker.started_at_ns);
        check(worker.longest_gap_at_ns);
    }
}

plan::Record record_of(const json& sidecar, json& observed) {
    plan::Record record;
    record.accelerator = text_of(sidecar, "accelerator");
    read_all(sidecar.at("stimulus_events"), record.events, plan::stimulus_event_from_json);
    read_all(sidecar.at("workers"), record.workers, plan::worker_report_from_json);
    read_all(sidecar.at("payloads"), record.payloads, plan::payload_report_from_json);
    if (const auto extractions = sidecar.find("extractions"); extractions != sidecar.end())
        read_all(*extractions, record.extractions, plan::extraction_from_json);
    read_all(sidecar.at("scheduler_exits"), record.scheduler_exits, plan::scheduler_exit_from_json);
    record.repro = repro_of(sidecar);
    record.scheduler_log = text_of(sidecar, "scheduler_log");
    record.console = text_of(sidecar, "console");
    const bool with_state = observed.is_object();
    json list = with_state ? json(std::move(observed.at("snapshots"))) : sidecar.at("snapshots");
    for (auto& snapshot : list) record.snapshots.push_back(snapshot_of(std::move(snapshot), with_state));
    if (with_state) record.monitor = monitor_of(observed.at("monitor"));
    check_times(record);
    return record;
}

void check_header(const json& sidecar) {
    for (const char* name : {"test_name", "topology", "scheduler"})
        (void)sidecar.at(name).get_ref<const std::string&>();
    for (const char* bit : {"passed", "skipped", "inconclusive"}) (void)sidecar.at(bit).get<bool>();
    if (!sidecar.at("assertions").is_array()) throw Damaged{"its assertions are no list"};
}

Result<plan::Record> checked_record(const json& sidecar, json observed) {
    if (!sidecar.is_object() || !sidecar.contains("sidecar_version"))
        return Error{"this is no record of a run", "a record is a file *.ktstr.json that `ktstr run` has written"};
    const json& version = sidecar["sidecar_version"];
    if (!version.is_number_integer() || version < oldest_sidecar_version || version > sidecar_version)
        return Error{"the record has the version " + version.dump().substr(0, 40) + ", and this ktstr reads versions " +
                     std::to_string(oldest_sidecar_version) + " to " + std::to_string(sidecar_version)};
    try {
        check_header(sidecar);
        return record_of(sidecar, observed);
    } catch (const json::exception& wrong) {
        return Error{std::string("the record is damaged: ") + wrong.what()};
    } catch (const Damaged& wrong) {
        return Error{"the record is damaged: " + wrong.what};
    }
}

// Null if the record has none.
Result<json> observed_of(const std::filesystem::path& record, const json& sidecar) {
    const auto name = sidecar.find("observed_file");
    if (name == sidecar.end() || !name->is_string()) return json();
    const std::filesystem::path file = name->get<std::string>();
    if (file != file.filename()) return Error{record.string() + " is damaged: its observed file is not beside it"};
    auto read = read_observed(record.parent_path() / file);
    if (!read) return Error{read.error().message, "the record names it: it has to lie beside it"};
    const std::string run = text_of(sidecar, "run_id");
    if (!run.empty() && read->value("run_id", run) != run)
        return Error{(record.parent_path() / file).string() + " is of another run than the record"};
    return read;
}

} // namespace

Result<StoredRun> stored_run(json sidecar, json observed) {
    auto record = checked_record(sidecar, std::move(observed));
    if (!record) return record.error();
    return StoredRun{std::move(sidecar), std::move(*record)};
}

eval::Outcome outcome_of(const json& sidecar) {
    if (sidecar.at("passed") == true) return eval::Outcome::pass;
    if (sidecar.at("skipped") == true) return eval::Outcome::skip;
    return sidecar.at("inconclusive") == true ? eval::Outcome::inconclusive : eval::Outcome::fail;
}

Result<StoredRun> read_sidecar(const std::filesystem::path& file) {
    auto sidecar = read_json(file);
    if (!sidecar) return sidecar.error();
    auto run = stored_run(std::move(*sidecar), json());
    if (!run) return Error{file.string() + ": " + run.error().message, run.error().hint};
    return run;
}

Result<StoredFile> read_stored(const std::filesystem::path& file) {
    auto sidecar = read_json(file);
    if (!sidecar) return sidecar.error();
    auto observed = observed_of(file, *sidecar);
    std::string incomplete = observed ? "" : observed.error().text();
    auto record = checked_record(*sidecar, observed ? std::move(*observed) : json());
    if (!record && incomplete.empty()) { // perhaps only what was observed is damaged
        incomplete = "what was observed cannot be read: " + record.error().message;
        record = checked_record(*sidecar, json());
    }
    if (!record) return Error{file.string() + ": " + record.error().message, record.error().hint};
    return StoredFile{{std::move(*sidecar), std::move(*record)}, std::move(incomplete)};
}

} // namespace ktstr::report
