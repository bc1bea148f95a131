// SPDX-License-Identifier: GPL-2.0-only
#include "report/repro.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "interp/eval/repro.h"
#include "interp/plan/bounded_json.h"
#include "report/observed.h"
#include "report/sidecar.h"
#include "report/stored.h"
#include "runs/names.h"

namespace ktstr::report {

using nlohmann::json;

namespace {

json failure_json(const ScenarioResult& result) {
    return {{"end", plan::to_string(result.record.end)},
            {"failure", eval::failure_class(result.plan, result.record, result.verdict)}};
}

json captured_json(const plan::Record& record, const std::string& file) {
    json snapshots = json::array();
    for (const auto& snapshot : record.snapshots)
        snapshots.push_back(
            {{"name", snapshot.name}, {"placeholder", snapshot.state ? json() : json(snapshot.reason)}});
    return {{"file", file.empty() ? json() : json(file)}, {"snapshots", std::move(snapshots)}};
}

bool has_sched_ext(const plan::Plan& plan) {
    return std::any_of(plan.schedulers.begin(), plan.schedulers.end(),
                       [](const plan::Scheduler& scheduler) { return !scheduler.binary.empty(); });
}

// Of a failure only the beginning: it may have a list of all that failed.
std::string shown(const json& failure) {
    std::string text = failure.at("failure").get<std::string>();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text.size() > 200 ? text.substr(0, 200) + "..." : text;
}

std::string another_failure(const json& first, const json& again) {
    if (again.at("failure").get_ref<const std::string&>().empty())
        return "it did not fail again (the second run ended as " + again.at("end").get<std::string>() + ")";
    return "it failed in another way: " + shown(again) + "; at first: " + shown(first);
}

// The names of what was captured; a run with a scheduler of its own must have some.
Result<std::string> captured_in(const plan::Record& record, const plan::Plan& plan) {
    std::string names;
    std::string reason = "nothing was captured";
    for (const auto& snapshot : record.snapshots) {
        if (snapshot.state)
            names += (names.empty() ? "" : ", ") + snapshot.name;
        else
            reason = "the snapshot " + snapshot.name + " is a placeholder: " + snapshot.reason;
    }
    if (names.empty() && has_sched_ext(plan)) return Error{"it holds no state of the scheduler: " + reason};
    return names;
}

Result<json> read_document(const runs::RecordFile& file) {
    auto document = plan::parse_json(file.content, 2 * plan::most_json_levels);
    if (!document || !document->is_object()) return Error{"it is damaged: it is not a JSON object"};
    if (document->value("repro_version", json()) != repro_version) return Error{"it is of another version"};
    return document;
}

Result<plan::Record> read_record(const std::vector<runs::RecordFile>& files, const json& document) {
    json observed;
    if (const json& captured = document.at("captured").at("file"); !captured.is_null()) {
        const auto name = captured.get<std::string>();
        const auto file =
            std::find_if(files.begin(), files.end(), [&name](const auto& one) { return one.name == name; });
        if (file == files.end()) return Error{"there is no " + name};
        auto read = parse_observed(file->content);
        if (!read) return read.error();
        observed = std::move(*read);
    }
    auto run = stored_run(document.at("record"), std::move(observed));
    if (!run) return run.error();
    return std::move(run->record);
}

} // namespace

Result<std::vector<runs::RecordFile>> repro_files(const ScenarioResult& first, const ScenarioResult& again) {
    const std::string stem = stem_of(first);
    std::vector<runs::RecordFile> files;
    auto observed = observed_bytes(again.record, again.provenance.run_id);
    if (!observed) return observed.error();
    if (!observed->empty()) files.push_back({stem + std::string(runs::repro_observed_suffix), std::move(*observed)});
    const std::string captured = files.empty() ? "" : files.front().name;
    json record = sidecar_json(again, start_of(again));
    record["observed_file"] = captured.empty() ? json() : json(captured);
    const json failed = failure_json(first);
    const json failed_again = failure_json(again);
    const json document = {{"repro_version", repro_version},
                           {"test_name", first.plan.scenario},
                           {"variant", first.variant},
                           {"plan_hash", plan::plan_hash(first.plan)},
                           {"kernel_version", first.kernel},
                           {"seed", first.record.seed},
                           {"same_failure", failed == failed_again},
                           {"first", failed},
                           {"again", failed_again},
                           {"captured", captured_json(again.record, captured)},
                           {"record", std::move(record)}};
    files.push_back(
        {stem + std::string(runs::repro_suffix), document.dump(1, ' ', false, json::error_handler_t::replace) + "\n"});
    return files;
}

plan::Repro read_repro(const std::vector<runs::RecordFile>& files, const plan::Plan& plan) {
    plan::Repro repro{.attempted = true};
    if (files.empty()) {
        repro.reason = "it left nothing";
        return repro;
    }
    const std::string& name = files.back().name;
    const auto unusable = [&](const std::string& why) {
        repro.reason = name + " cannot be used: " + why;
        return repro;
    };
    const auto document = read_document(files.back());
    if (!document) return unusable(document.error().message);
    try {
        repro.same_failure = document->at("same_failure").get<bool>();
        if (!repro.same_failure) {
            repro.reason = another_failure(document->at("first"), document->at("again"));
            return repro;
        }
        const auto record = read_record(files, *document);
        if (!record) return unusable(record.error().message);
        const auto captured = captured_in(*record, plan);
        repro.valid = static_cast<bool>(captured);
        repro.reason = captured ? name + (captured->empty() ? "" : ", captured: " + *captured)
                                : name + ": " + captured.error().message;
    } catch (const json::exception& wrong) {
        return unusable(std::string("it is damaged: ") + wrong.what());
    }
    return repro;
}

} // namespace ktstr::report
