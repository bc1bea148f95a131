// SPDX-License-Identifier: GPL-2.0-only
#include "stats/pool.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "record_files.h"
#include "stats/listing.h"
#include "stats/record_reader.h"
#include "stats/summary.h"

using Catch::Matchers::ContainsSubstring;
using nlohmann::json;
using namespace ktstr;
using namespace ktstr::stats;

namespace {

struct Root {
    TemporaryDirectory directory = TemporaryDirectory::create("ktstr-pool-").value();
    [[nodiscard]] std::filesystem::path run(const std::string& name) const { return directory.path() / name; }
    [[nodiscard]] Pool read() const { return read_pool(directory.path()).value(); }
};

Error reason_of(const Root& root, const std::string& text) {
    const auto why = explain_file(put(root.run("odd"), "odd", text));
    REQUIRE(why);
    REQUIRE_FALSE(why->hint.empty());
    return *why;
}

} // namespace

TEST_CASE("A record of version 1 becomes a row with its identity, verdict and metrics") {
    const Root root;
    put(root.run("6.12"), "one", made_record("one"));
    const Pool pool = root.read();
    REQUIRE(pool.rows.size() == 1);
    const Row& row = pool.rows[0];
    CHECK(row.scenario == "one");
    CHECK(row.run == "6.12");
    CHECK(row.topology == "1n1l2c1t");
    CHECK(row.kernel == "6.12.95-ktstr");
    CHECK(row.payload.empty());
    CHECK(row.seed == 1);
    CHECK(row.measured());
    CHECK_FALSE(row.cpu_budget);
    MetricTable metrics = pool.metrics;
    CHECK(row.find(metrics.add("work_units_per_s")) == 1000);
    CHECK(row.find(metrics.add("worst_gap_ms")) == 4);
    CHECK(row.find(metrics.add("boot_ms")) == 200.5);
    CHECK_FALSE(row.find(metrics.add("attach_ms")));
}

TEST_CASE("A record of version 2 brings commits, source, budget, host, flags and parameters") {
    const Root root;
    json record = made_record_2("two");
    record["run_id"] = "20260102T030405Z-7-1";
    record["run_source"] = "ci";
    record["project_commit"] = "abcdef0-dirty";
    record["kernel_commit"] = nullptr;
    record["cpu_budget"] = 4;
    record["host"] = {{"cpu_model", "A CPU"}, {"sched_tunables", {{"base_slice_ns", 3000000}}}};
    record["flags"] = {"--slow"};
    record["parameters"] = {{"workers", "4"}};
    put(root.run("6.12-abcdef0-dirty"), "two", record);
    const Pool pool = root.read();
    REQUIRE(pool.rows.size() == 1);
    const Row& row = pool.rows[0];
    CHECK(row.project_commit == "abcdef0-dirty");
    CHECK(row.kernel_commit.empty());
    CHECK(row.run_source == "ci");
    CHECK(row.cpu_budget == 4);
    CHECK(row.flags == "--slow");
    CHECK(row.parameters == "workers=4");
    const auto hosts = hosts_of(pool.rows_of(""));
    REQUIRE(hosts.size() == 1);
    CHECK(hosts[0].facts.at("sched_tunables.base_slice_ns") == "3000000");
}

TEST_CASE("Records are found in the run's directory and in those below it, and nowhere else") {
    const Root root;
    put(root.run("a"), "one", made_record("one"));
    put(root.run("a") / "seed-3", "two", made_record("two"));
    put(root.run("a") / "seed-3" / "deeper", "three", made_record("three"));
    put(root.directory.path(), "here", made_record("here"));
    CHECK(write_file(root.run("a") / "one.observed.json.zst", "no record").ok());
    const Pool pool = root.read();
    std::vector<std::string> seen;
    for (const auto& row : pool.rows) seen.push_back(row.run + " " + row.scenario);
    std::sort(seen.begin(), seen.end());
    CHECK(seen == std::vector<std::string>{". here", "a one", "a two"});
    CHECK(pool.unreadable.empty());
}

TEST_CASE("None of the verdict's bits is a failure, one is its verdict, and two are unreadable") {
    const Root root;
    json record = made_record("bits");
    record["passed"] = false;
    record["assertions"] = {{{"outcome", "pass"}, {"message", "fine"}},
                            {{"outcome", "fail"}, {"message", "too slow\nby far"}}};
    put(root.run("a"), "fails", record);
    record["inconclusive"] = true;
    put(root.run("a"), "unsure", record);
    record["skipped"] = true;
    put(root.run("a"), "both", record);
    const Pool pool = root.read();
    REQUIRE(pool.rows.size() == 2);
    CHECK(pool.rows[0].outcome == eval::Outcome::fail);
    CHECK(pool.rows[0].message == "too slow");
    CHECK(pool.rows[1].outcome == eval::Outcome::inconclusive);
    REQUIRE(pool.unreadable.size() == 1);
    CHECK_THAT(pool.unreadable[0].reason, ContainsSubstring("'skipped'") && ContainsSubstring("'inconclusive'"));
}

TEST_CASE("A required key that is not there is named, and a nullable one may be missing") {
    const Root root;
    for (const char* key :
         {"test_name", "variant", "topology", "scheduler", "passed", "timestamp", "workers", "seed"}) {
        json record = made_record("one");
        record.erase(key);
        CHECK_THAT(reason_of(root, record.dump()).message, ContainsSubstring("'" + std::string(key) + "'"));
    }
    for (const char* key : {"run_source", "host", "flags", "parameters"}) {
        json record = made_record_2("one");
        record.erase(key);
        CHECK_THAT(reason_of(root, record.dump()).message, ContainsSubstring("'" + std::string(key) + "'"));
    }
    json record = made_record("one");
    for (const char* key : {"payload", "kernel_version", "accelerator", "message"}) record.erase(key);
    CHECK_FALSE(explain_file(put(root.run("a"), "one", record)));
}

TEST_CASE("A key of the wrong type is named") {
    const Root root;
    json record = made_record("one");
    record["workers"][0]["wall_ns"] = "long";
    CHECK_THAT(reason_of(root, record.dump()).message, ContainsSubstring("'wall_ns'"));
    record = made_record("one");
    record["seed"] = -1;
    CHECK_THAT(reason_of(root, record.dump()).message, ContainsSubstring("'seed'"));
}

TEST_CASE("Each way in which a file is no record is told apart") {
    const Root root;
    const std::string whole = made_record("one").dump(1);
    CHECK_THAT(reason_of(root, "").message, ContainsSubstring("empty"));
    CHECK_THAT(reason_of(root, " \n").message, ContainsSubstring("empty"));
    CHECK_THAT(reason_of(root, whole.substr(0, whole.size() / 2)).message, ContainsSubstring("cut off"));
    CHECK_THAT(reason_of(root, "\x7f"
                               "ELF")
                   .message,
               ContainsSubstring("not JSON"));
    CHECK_THAT(reason_of(root, "[1, 2]").message, ContainsSubstring("no object"));
    CHECK_THAT(reason_of(root, R"({"name": "other"})").message, ContainsSubstring("sidecar_version"));
    json record = made_record("one");
    record["sidecar_version"] = newest_record + 1;
    CHECK_THAT(reason_of(root, record.dump()).message, ContainsSubstring("version 3"));
    record["sidecar_version"] = "1";
    CHECK_THAT(reason_of(root, record.dump()).message, ContainsSubstring("sidecar_version"));
    CHECK(explain_file(root.run("nowhere")));
}

TEST_CASE("Files cut off at any byte are unreadable and never fatal to the rest") {
    const Root root;
    const std::string whole = made_record("one").dump();
    for (std::size_t size = 0; size < whole.size(); size += 7)
        put(root.run("a"), "cut-" + std::to_string(size), whole.substr(0, size));
    put(root.run("a"), "whole", whole);
    const Pool pool = root.read();
    CHECK(pool.rows.size() == 1);
    CHECK(pool.unreadable.size() == (whole.size() + 6) / 7);
}

TEST_CASE("A pool is the same however many threads have read it") {
    const Root root;
    for (int i = 0; i < 200; ++i) {
        json record = made_record("s" + std::to_string(i), static_cast<std::uint64_t>(i));
        record["metrics"] = {{{"name", "m" + std::to_string(i % 7)}, {"value", i}, {"payload", "p"}}};
        put(root.run("a"), "s" + std::to_string(i), record);
    }
    const Pool first = root.read();
    for (int round = 0; round < 5; ++round) {
        const Pool again = root.read();
        REQUIRE(again.metrics.size() == first.metrics.size());
        for (std::uint32_t id = 0; id < first.metrics.size(); ++id)
            REQUIRE(again.metrics[id].name == first.metrics[id].name);
        REQUIRE(again.rows.size() == first.rows.size());
        for (std::size_t i = 0; i < first.rows.size(); ++i) REQUIRE(again.rows[i].path == first.rows[i].path);
    }
}

TEST_CASE("The newest run is the one with the latest record") {
    const Root root;
    json late = made_record("late");
    late["timestamp"] = "2026-05-01T00:00:00Z";
    put(root.run("a"), "late", late);
    put(root.run("b"), "one", made_record("one"));
    CHECK(root.read().newest_run() == "a");
}

TEST_CASE("A root that is not there is an error, and one without records an empty pool") {
    const Root root;
    CHECK_FALSE(read_pool(root.run("nowhere")));
    const Pool pool = root.read();
    CHECK(pool.rows.empty());
    CHECK(pool.newest_run().empty());
}

TEST_CASE("A summary counts verdicts, names the worst numbers, and marks programs near the verifier's limit") {
    const Root root;
    put(root.run("a"), "quick", made_record("quick", 5000));
    put(root.run("a"), "slow", made_record("slow", 10));
    json failed = made_record("failed", 1);
    failed["passed"] = false;
    failed["message"] = "the guest hung";
    put(root.run("a"), "failed", failed);
    json expected = made_record("expected", 2);
    expected["expected_failure"] = true;
    put(root.run("a"), "expected", expected);
    json big = made_record("big", 5000);
    big["programs"]["list"] = {{{"name", "k_dispatch"},
                                {"callback", "dispatch"},
                                {"verified_insns", 760000},
                                {"run_count", 10},
                                {"run_time_ns", 5000}},
                               {{"name", "k_init"},
                                {"callback", "init"},
                                {"verified_insns", 749999},
                                {"run_count", nullptr},
                                {"run_time_ns", nullptr}}};
    put(root.run("a"), "big", big);
    put(root.run("a"), "broken", std::string("{"));
    const Pool pool = root.read();
    const auto rows = pool.rows_of("a");
    const RunSummary summary = summarize_run(pool, "a", rows);
    CHECK(summary.endings.words() == "3 passed, 1 failed, 1 expected failure");
    REQUIRE_FALSE(summary.worst.empty());
    CHECK(summary.worst[0].metric.name == "work_units_per_s");
    CHECK(summary.worst[0].row->scenario == "slow");
    REQUIRE(summary.programs.size() == 2);
    CHECK(summary.programs[0].near_limit());
    CHECK_FALSE(summary.programs[1].near_limit());
    const std::string text = summary_text(summary, {});
    CHECK_THAT(text, ContainsSubstring("the guest hung") && ContainsSubstring("76.0 %") &&
                         ContainsSubstring("warning") && ContainsSubstring("dispatch") &&
                         ContainsSubstring("1 file not in these numbers"));
    CHECK(summary_json(summary)["verdicts"]["failed"] == 1);
}

TEST_CASE("Lines of a summary are no wider than the terminal") {
    const Root root;
    json failed = made_record(std::string(90, 'n'), 1);
    failed["passed"] = false;
    failed["message"] = std::string(300, 'm');
    put(root.run("a"), "failed", failed);
    put(root.run("a"), "one", made_record(std::string(120, 'k')));
    const Pool pool = root.read();
    const std::string text = summary_text(summarize_run(pool, "a", pool.rows_of("a")), {});
    std::size_t begin = 0;
    for (auto end = text.find('\n'); end != std::string::npos; begin = end + 1, end = text.find('\n', begin))
        CHECK(report::display_width(text.substr(begin, end - begin)) <= 80);
}
