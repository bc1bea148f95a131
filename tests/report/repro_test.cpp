// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "report/repro.h"
#include "report/sidecar.h"
#include "report/stored.h"
#include "tests/report/made_up_result.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

namespace {

plan::Snapshot last_state(bool captured) {
    plan::Snapshot snapshot{.name = "scheduler_exit", .trigger = "scheduler_exit", .at_ns = 5, .step = 0};
    if (captured)
        snapshot.state = std::make_shared<const json>(json{{"variables", json::array()}});
    else
        snapshot.reason = "the scheduler had gone";
    return snapshot;
}

report::ScenarioResult crashed(const std::string& reason, bool captured = true) {
    auto plan = made_up_plan();
    attach(plan, "scx_ktstr");
    plan.expectations = {expectation(plan::Expectation::Kind::repro, "repro", 0, "")};
    auto record = made_up_record();
    record.end = plan::RunEnd::scheduler_exited;
    record.message = "the scheduler ended";
    plan::SchedulerExit exit;
    exit.scheduler = "scx_ktstr";
    exit.attached = true;
    exit.kernel_reason = reason;
    record.scheduler_exits = {exit};
    record.snapshots = {last_state(captured)};
    record.console = "half a character \xE2\x82";
    return judged(std::move(plan), std::move(record));
}

using Files = std::vector<runs::RecordFile>;

Files files_of(const report::ScenarioResult& first, const report::ScenarioResult& again) {
    auto files = report::repro_files(first, again);
    REQUIRE(files);
    return std::move(*files);
}

plan::Repro repro(const report::ScenarioResult& first, const report::ScenarioResult& again) {
    return report::read_repro(files_of(first, again), first.plan);
}

} // namespace

TEST_CASE("a run that failed again and was captured leaves a valid artifact with its record and its state") {
    const auto first = crashed("disabled (runtime error) on CPU 1");
    const auto files = files_of(first, crashed("disabled (runtime error) on CPU 0"));
    const auto repro = report::read_repro(files, first.plan);
    CHECK(repro.attempted);
    CHECK(repro.same_failure);
    CHECK(repro.valid);
    CHECK_THAT(repro.reason, ContainsSubstring(".repro.json, captured: scheduler_exit"));
    const auto document = json::parse(files.back().content);
    CHECK(document["first"]["end"] == "scheduler_exited");
    CHECK(document["record"]["end"] == "scheduler_exited");
    CHECK(document["record"]["test_name"] == first.plan.scenario);
    CHECK(document["seed"] == 7);
    CHECK(document["captured"]["file"] == files.front().name);
}

TEST_CASE("an artifact is not valid where the failure was another one, or none") {
    const auto first = crashed("disabled (runtime error)");
    const auto other = repro(first, crashed("disabled (runnable task stall)"));
    CHECK_FALSE(other.same_failure);
    CHECK_FALSE(other.valid);
    CHECK_THAT(other.reason, ContainsSubstring("runnable task stall") && ContainsSubstring("at first"));
    auto clean = first;
    clean.record = made_up_record();
    clean.verdict = eval::evaluate(clean.plan, clean.record);
    const auto none = repro(first, clean);
    CHECK_FALSE(none.valid);
    CHECK_THAT(none.reason, ContainsSubstring("did not fail again (the second run ended as completed)"));
}

TEST_CASE("with a sched_ext scheduler an artifact without its state is not valid; without one it is") {
    const auto placeholder = repro(crashed("disabled"), crashed("disabled", false));
    CHECK(placeholder.same_failure);
    CHECK_FALSE(placeholder.valid);
    CHECK_THAT(placeholder.reason, ContainsSubstring("a placeholder: the scheduler had gone"));
    auto nothing = crashed("disabled");
    nothing.record.snapshots.clear();
    CHECK_FALSE(repro(crashed("disabled"), nothing).valid);

    auto plain = crashed("disabled");
    plain.plan.scheduler.reset();
    plain.plan.schedulers.clear();
    plain.record.snapshots.clear();
    CHECK(repro(plain, plain).valid);
}

TEST_CASE("an artifact that is cut off, damaged, of another version or without its other file is not valid") {
    const auto first = crashed("disabled");
    const Files files = files_of(first, first);
    REQUIRE(report::read_repro(files, first.plan).valid);
    const std::string& whole = files.back().content;
    const auto damaged = [&](const std::string& content) {
        Files other = files;
        other.back().content = content;
        const auto repro = report::read_repro(other, first.plan);
        CHECK(repro.attempted);
        CHECK_FALSE(repro.valid);
        CHECK_FALSE(repro.reason.empty());
    };
    for (std::size_t size = 0; size < whole.size() - 1; size += 97) damaged(whole.substr(0, size));
    damaged("[]");
    const json intact = json::parse(whole);
    for (const auto& [key, value] : intact.items()) {
        if (key == "plan_hash" || key == "kernel_version" || key == "seed" || key == "variant" || key == "test_name" ||
            key == "first" || key == "again")
            continue; // nothing is judged by these
        json without = intact;
        without.erase(key);
        damaged(without.dump());
        without[key] = {{"of", "another type"}};
        damaged(without.dump());
    }
    json document = intact;
    document["repro_version"] = 99;
    damaged(document.dump());
    CHECK_FALSE(report::read_repro({files.back()}, first.plan).valid);
    CHECK_FALSE(report::read_repro({}, first.plan).valid);
}

TEST_CASE("the artifact lies beside its record, and goes when a later run leaves none") {
    const auto directory = *TemporaryDirectory::create("ktstr-repro-");
    auto first = crashed("disabled");
    auto other = first;
    other.plan.scenario = "another";
    runs::RunDirectory kept(directory.path(), "6.12", "session");
    for (auto* result : {&first, &other}) {
        result->beside = files_of(*result, *result);
        REQUIRE(report::write_sidecar(kept, "", *result));
    }
    const auto path = [&](const report::ScenarioResult& result) {
        return kept.path() / files_of(result, result).back().name;
    };
    REQUIRE(std::filesystem::exists(path(first)));
    first.beside.clear();
    REQUIRE(report::write_sidecar(kept, "", first));
    CHECK_FALSE(std::filesystem::exists(path(first)));
    CHECK_FALSE(std::filesystem::exists(kept.path() / files_of(first, first).front().name));
    CHECK(std::filesystem::exists(path(other)));
}

TEST_CASE("a stored record has what became of its repro, and one from before there were any has none") {
    auto result = crashed("disabled");
    result.record.repro = {.attempted = true, .same_failure = true, .valid = false, .reason = "a placeholder"};
    json sidecar = report::sidecar_json(result, {});
    const auto run = report::stored_run(sidecar, json());
    REQUIRE(run);
    CHECK(plan::to_json(run->record.repro) == plan::to_json(result.record.repro));
    sidecar["repro"] = {{"attempted", 1}};
    CHECK_FALSE(report::stored_run(sidecar, json()));
    sidecar.erase("repro");
    const auto older = report::stored_run(sidecar, json());
    REQUIRE(older);
    CHECK_FALSE(older->record.repro.attempted);
}
