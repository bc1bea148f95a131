// SPDX-License-Identifier: GPL-2.0-only
#include <sys/resource.h>

#include <catch2/catch_test_macros.hpp>

#include <csignal>
#include <set>

#include "base/file.h"
#include "ctprof/document.h"
#include "ctprof/host/file.h"
#include "report/sidecar.h"
#include "report/stored.h"
#include "tests/report/made_up_result.h"

using namespace ktstr;
using namespace ktstr::test;
namespace fs = std::filesystem;

namespace {

Result<fs::path> write_into(const fs::path& directory, const report::ScenarioResult& result) {
    runs::RunDirectory runs(directory);
    return report::write_sidecar(runs, "", result);
}

nlohmann::json written(const report::ScenarioResult& result) {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    const auto path = write_into(directory->path() / "deep" / "er", result);
    REQUIRE(path);
    const auto content = read_file(*path);
    REQUIRE(content);
    return nlohmann::json::parse(*content);
}

// Files cannot grow beyond `bytes` for its life: what a full disk does to a writer, without a disk to fill.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        handler_ = std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

  private:
    rlimit before_{};
    void (*handler_)(int) = SIG_DFL;
};

int files_in(const fs::path& directory) {
    return static_cast<int>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

} // namespace

TEST_CASE("a sidecar is named after scenario and variant and holds the whole record") {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    auto result = passed_result();
    result.record.executor_resident_bytes = 4'700'000;
    const auto path = write_into(directory->path(), result);
    REQUIRE(path);
    CHECK(path->filename() == "even+split-8f37469c49c05e23.ktstr.json");
    CHECK(files_in(directory->path()) == 1);

    const auto sidecar = nlohmann::json::parse(*read_file(*path));
    CHECK(sidecar["test_name"] == "even split");
    CHECK(sidecar["variant"] == result.variant);
    CHECK(sidecar["topology"] == "1n2l2c1t");
    CHECK(sidecar["scheduler"] == "eevdf");
    CHECK(sidecar["work_type"] == "spin_wait");
    CHECK(sidecar["kernel_version"] == "6.12.57");
    CHECK(sidecar["vcpus"] == 4);
    CHECK(sidecar["plan_hash"] == plan::plan_hash(result.plan));
    CHECK(sidecar["seed"] == 7);
    CHECK(sidecar["accelerator"] == "tcg");
    CHECK(sidecar["executor_version"] == "0.1.0");
    CHECK(sidecar["executor_resident_bytes"] == 4'700'000);
    CHECK(sidecar["end"] == "completed");
    CHECK(sidecar["cleanup_duration_ms"] == 160);
    CHECK(sidecar["assertions"].at(0)["source"]["line"] == 9);
    CHECK(sidecar["phases"].size() == 4);
    REQUIRE(sidecar["workers"].size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
        const auto worker = plan::worker_report_from_json(sidecar["workers"][i]);
        REQUIRE(worker);
        CHECK(plan::to_json(*worker) == plan::to_json(result.record.workers[i]));
    }
    CHECK(sidecar["stats"]["work_units"] == 8000);
    CHECK(sidecar["stats"]["cgroups"].at(0)["cgroup"] == "hot");
    CHECK(sidecar["stats"]["cgroups"].at(0)["longest_gap_ns"] == 4'000'000);
}

TEST_CASE("at most one verdict bit is set, and none for a failure") {
    struct Row {
        eval::Outcome outcome;
        const char* bit;
    };
    const std::vector<Row> table = {{eval::Outcome::pass, "passed"},
                                    {eval::Outcome::skip, "skipped"},
                                    {eval::Outcome::inconclusive, "inconclusive"},
                                    {eval::Outcome::fail, nullptr}};
    for (const auto& row : table) {
        auto result = passed_result();
        result.verdict.outcome = row.outcome;
        const auto sidecar = report::sidecar_json(result, {});
        for (const std::string bit : {"passed", "skipped", "inconclusive"})
            CHECK(sidecar[bit] == (row.bit != nullptr && bit == row.bit));
    }
}

TEST_CASE("an expected failure is kept in the sidecar of a pass") {
    auto plan = made_up_plan();
    plan.expectations = {expected_error("stall")};
    auto record = made_up_record();
    record.end = plan::RunEnd::scheduler_exited;
    record.message = "runnable task stall";
    const auto sidecar = report::sidecar_json(judged(plan, record), {});
    CHECK(sidecar["passed"] == true);
    CHECK(sidecar["expected_failure"] == true);
    CHECK(sidecar["end"] == "scheduler_exited");
}

TEST_CASE("what is not known is null or empty, never absent") {
    report::ScenarioResult empty;
    const auto sidecar = written(empty);
    for (const char* key :
         {"kernel_version", "accelerator", "executor_version", "message", "hint", "cleanup_duration_ms", "payload",
          "run_id", "project_commit", "kernel_commit", "scheduler_source", "scheduler_sha256", "scheduler_commit",
          "cpu_budget", "kvm_stats", "observed_file", "plan", "repro"})
        CHECK(sidecar.at(key).is_null());
    for (const char* key : {"metrics", "sysctls", "kargs", "stimulus_events", "workers", "phases", "assertions",
                            "extractions", "cgroup_procs", "ctprof", "scheduler_exits", "perf_delta_assertions", "flags",
                            "options"})
        CHECK(sidecar.at(key) == nlohmann::json::array());
    CHECK(report::sidecar_json(empty, {})["timestamp"] == "1970-01-01T00:00:00Z");
}

TEST_CASE("any bytes that a guest sends fit into a sidecar") {
    const auto sidecar = written(failed_result());
    CHECK(sidecar["scheduler_log"].get<std::string>().starts_with("half a character \xEF\xBF\xBD"));
    CHECK(sidecar["console"].get<std::string>().size() > 100'000);
}

TEST_CASE("each capture of a run is a file beside the sidecar, which names it, also of names that are alike") {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    auto result = passed_result();
    const std::string document = ctprof::to_document({});
    for (const std::string name : {"before", "before", "before~2", "../up", "a name that is longer than 24 bytes: 1",
                                   "a name that is longer than 24 bytes: 2"})
        result.record.ctprof.push_back({name, 0, 17, document});
    const auto path = write_into(directory->path(), result);
    REQUIRE(path);
    const auto sidecar = nlohmann::json::parse(*read_file(*path));
    REQUIRE(sidecar["ctprof"].size() == 6);
    std::set<std::string> files;
    for (const auto& capture : sidecar["ctprof"]) {
        const auto file = capture["file"].get<std::string>();
        CAPTURE(file);
        CHECK(file.ends_with(".ctprof.zst"));
        CHECK(files.insert(file).second);
        CHECK(ctprof::read_capture(directory->path() / file).ok());
    }
    CHECK(files_in(directory->path()) == 7);
    CHECK(sidecar["ctprof"][0]["name"] == "before");
    CHECK(sidecar["ctprof"][0]["at_ns"] == 17);
}

TEST_CASE("no scenario name leaves the directory or meets another's file") {
    const std::vector<std::string> names = {".",
                                            "...",
                                            "....",
                                            std::string("a\0b", 3),
                                            std::string("a\0c", 3),
                                            "../../../../x",
                                            "/",
                                            "//",
                                            "a b",
                                            "a_b",
                                            "a+b",
                                            "a%20b",
                                            "a/b",
                                            "../../etc/passwd",
                                            "..",
                                            ".hid",
                                            "",
                                            "é",
                                            "\xFF\n\x01",
                                            "A b",
                                            std::string(300, 'x'),
                                            std::string(299, 'x') + "y",
                                            "a\\b",
                                            "$(reboot)"};
    std::set<std::string> files;
    for (const auto& name : names) {
        const auto file = report::file_name_of(name);
        CAPTURE(name, file);
        CHECK(file.find('/') == std::string::npos);
        CHECK_FALSE(file.starts_with('.'));
        CHECK(file.size() <= 180);
        CHECK(files.insert(file).second);
    }
    CHECK(report::file_name_of("cpuset swap under load") == "cpuset+swap+under+load");
}

TEST_CASE("a full disk is an error that names the file, keeps the older sidecar and leaves no stage file") {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    auto result = passed_result();
    const auto first = write_into(directory->path(), result);
    REQUIRE(first);
    const auto before = read_file(*first);
    result.record.console = std::string(64U << 10U, 'x');
    {
        const FileSizeLimit limit(4096);
        const auto second = write_into(directory->path(), result);
        REQUIRE_FALSE(second);
        CHECK(second.error().message.find(first->string()) != std::string::npos);
        CHECK(second.error().hint.find("even split") != std::string::npos);
    }
    CHECK(*read_file(*first) == *before);
    CHECK(files_in(directory->path()) == 1);
}

TEST_CASE("a directory that cannot be made is an error") {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    REQUIRE(write_file(directory->path() / "file", "in the way"));
    CHECK_FALSE(write_into(directory->path() / "file" / "below", passed_result()));
}

TEST_CASE("a record says where it comes from, and keeps its plan beside it") {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    auto result = passed_result();
    result.planned = result.plan;
    result.provenance = {.run_id = "20261121T233058Z-1-0",
                         .run_source = "ci",
                         .project_commit = "0123abc-dirty",
                         .kernel_commit = "1234567",
                         .scheduler = {"path_lookup", std::string(64, 'a'), "89abcde"},
                         .host = {.cpus = 4, .sched_tunables = {{{"base_slice_ns", "3000000"}}}},
                         .cpu_budget = 3};
    const auto path = write_into(directory->path(), result);
    REQUIRE(path);
    const auto sidecar = nlohmann::json::parse(*read_file(*path));
    CHECK(sidecar["sidecar_version"] == 2);
    CHECK(sidecar["run_id"] == "20261121T233058Z-1-0");
    CHECK(sidecar["run_source"] == "ci");
    CHECK(sidecar["project_commit"] == "0123abc-dirty");
    CHECK(sidecar["kernel_commit"] == "1234567");
    CHECK(sidecar["scheduler_source"] == "path_lookup");
    CHECK(sidecar["scheduler_sha256"] == std::string(64, 'a'));
    CHECK(sidecar["scheduler_commit"] == "89abcde");
    CHECK(sidecar["host"]["cpus"] == 4);
    CHECK(sidecar["host"]["sched_tunables"]["base_slice_ns"] == "3000000");
    CHECK(sidecar["host"]["cpu_model"].is_null());
    CHECK(sidecar["cpu_budget"] == 3);
    CHECK(sidecar["plan"] == "even+split-8f37469c49c05e23.plan.json");
    const auto plan =
        plan::plan_from_json(nlohmann::json::parse(*read_file(directory->path() / sidecar["plan"].get<std::string>())));
    REQUIRE(plan);
    CHECK(plan::plan_hash(*plan) == sidecar["plan_hash"]);
}

TEST_CASE("a skipped scenario's record has the variant that it would have had, and no end") {
    const auto run = passed_result();
    report::ScenarioResult skipped;
    skipped.plan = run.plan;
    skipped.verdict.assertions.push_back({.kind = "host", .message = "it asks for 64 CPUs"});
    const auto sidecar = report::sidecar_json(skipped, {});
    CHECK(sidecar["skipped"] == true);
    CHECK(sidecar["passed"] == false);
    CHECK(sidecar["variant"] == run.variant);
    CHECK(sidecar["end"].is_null());
    CHECK(sidecar["plan"].is_null());
    CHECK(sidecar["assertions"][0]["message"] == "it asks for 64 CPUs");
    CHECK(report::record_files(skipped, {})->size() == 1);
}

TEST_CASE("records of this version and of the first one can be read, and what was observed by another run is told") {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    auto result = passed_result();
    result.provenance.run_id = "20261121T233058Z-1-0";
    result.record.monitor.names = {"imbalance"};
    result.record.monitor.samples = {{100, 0, {2.5}}};
    const auto path = write_into(directory->path(), result);
    REQUIRE(path);
    const auto whole = report::read_stored(*path);
    REQUIRE(whole);
    CHECK(whole->incomplete.empty());
    CHECK(whole->run.record.monitor.samples.size() == 1);

    auto other = nlohmann::json::parse(*read_file(*path));
    other["run_id"] = "20261121T233058Z-1-1";
    REQUIRE(write_file(*path, other.dump()));
    const auto mixed = report::read_stored(*path);
    REQUIRE(mixed);
    CHECK(mixed->incomplete.find("of another run") != std::string::npos);
    CHECK(mixed->run.record.monitor.samples.empty());

    CHECK(report::read_stored(KTSTR_DATA "/moves.ktstr.json"));
    other["sidecar_version"] = 3;
    CHECK_FALSE(report::stored_run(other, {}));
    other["sidecar_version"] = 0;
    CHECK_FALSE(report::stored_run(other, {}));
    other["sidecar_version"] = "2";
    CHECK_FALSE(report::stored_run(other, {}));
}
