// SPDX-License-Identifier: GPL-2.0-only
// `ktstr stats` and `ktstr perf-delta` on stored records.
#include <catch2/catch_test_macros.hpp>

#include "tests/stats/record_files.h"
#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;
using nlohmann::json;
using stats::made_record;
using stats::put;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// Runs of five records each of one scenario, below ktstr-runs.
void put_runs(const Sandbox& sandbox, const std::string& name, std::uint64_t work_units) {
    for (std::uint64_t i = 1; i <= 5; ++i)
        put(sandbox.path("work") / "ktstr-runs" / name / std::to_string(i), "s", made_record("s", work_units + i));
}

json answer(const Sandbox& sandbox, std::vector<std::string> words, int exit_code = 0) {
    words.emplace_back("--json");
    const auto outcome = run_ktstr(sandbox, std::move(words));
    INFO(outcome.output << outcome.errors);
    REQUIRE(outcome.exit.exit_code == exit_code);
    return json::parse(outcome.output);
}

} // namespace

TEST_CASE("stats without a word sums up the newest run, as text and as JSON") {
    const Sandbox sandbox;
    put_runs(sandbox, "one", 1000);
    const auto text = run_ktstr(sandbox, {"stats"});
    CHECK(text.exit.exit_code == 0);
    CHECK(text.output.starts_with("run one: 5 passed\n"));
    CHECK_FALSE(has(text.output, "\x1b"));
    CHECK(answer(sandbox, {"stats"})["verdicts"]["passed"] == 5);
    CHECK(run_ktstr(sandbox, {"stats", "-E", "nothing*"}).exit.exit_code == 2);
}

TEST_CASE("stats list shows each run with its verdicts and what could not be read") {
    const Sandbox sandbox;
    put_runs(sandbox, "one", 1000);
    put(sandbox.path("work") / "ktstr-runs" / "two", "cut", std::string("{\"sidecar_version\": 1, "));
    const auto runs = answer(sandbox, {"stats", "list"});
    REQUIRE(runs.size() == 2);
    CHECK(runs[0]["run"] == "one");
    CHECK(runs[1]["unreadable"] == 1);
    CHECK(has(run_ktstr(sandbox, {"stats", "list"}).output, "5 passed"));
}

TEST_CASE("stats explain says of each file why it could not be read, and the way out") {
    const Sandbox sandbox;
    put_runs(sandbox, "one", 1000);
    const std::string cut = put(sandbox.path("work") / "ktstr-runs" / "two", "cut", std::string("{\"a\": ")).string();
    const auto all = run_ktstr(sandbox, {"stats", "explain"});
    CHECK(all.exit.exit_code == 0);
    CHECK(has(all.output, "cut off"));
    CHECK(has(all.output, "way out: "));
    CHECK(answer(sandbox, {"stats", "explain", cut})[0]["path"] == cut);
    CHECK(run_ktstr(sandbox, {"stats", "explain", "ktstr-runs/one"}).output == "all records can be read\n");
    CHECK(run_ktstr(sandbox, {"stats", "explain", "nowhere"}).exit.exit_code == 64);
}

TEST_CASE("stats list-metrics and list-values say what can be compared and told apart") {
    const Sandbox sandbox;
    put_runs(sandbox, "one", 1000);
    CHECK(has(run_ktstr(sandbox, {"stats", "list-metrics"}).output, "worst_gap_ms"));
    CHECK(answer(sandbox, {"stats", "list-metrics"}).size() > 20);
    CHECK(answer(sandbox, {"stats", "list-values"})["kernel"]["6.12.95-ktstr"] == 5);
}

TEST_CASE("stats show-host shows a host, and in what two differ") {
    const Sandbox sandbox;
    for (const char* run : {"one", "two"}) {
        json record = stats::made_record_2("s");
        record["host"] = {{"cpu_model", std::string("CPU ") + run}, {"cpus", 4}};
        put(sandbox.path("work") / "ktstr-runs" / run, "s", record);
    }
    CHECK(answer(sandbox, {"stats", "show-host", "one"})[0]["facts"]["cpu_model"] == "CPU one");
    const auto differences = answer(sandbox, {"stats", "show-host", "one", "two"});
    REQUIRE(differences.size() == 1);
    CHECK(differences[0]["b"] == "CPU two");
    put_runs(sandbox, "old", 1000);
    CHECK(run_ktstr(sandbox, {"stats", "show-host", "old"}).exit.exit_code == 2);
}

TEST_CASE("stats compare ends with 0 without a regression, with 1 for one, with 2 where nothing compares") {
    const Sandbox sandbox;
    put_runs(sandbox, "old", 1000);
    put_runs(sandbox, "same", 1001);
    put_runs(sandbox, "slow", 400);
    CHECK(answer(sandbox, {"stats", "compare", "old", "same"})["regressed"] == false);
    const auto slower = run_ktstr(sandbox, {"stats", "compare", "old", "slow"});
    CHECK(slower.exit.exit_code == 1);
    CHECK(has(slower.output, "worse    work_units_per_s"));
    CHECK(has(slower.output, "-60%"));
    CHECK(run_ktstr(sandbox, {"stats", "compare", "slow", "old"}).exit.exit_code == 0);
    put(sandbox.path("work") / "ktstr-runs" / "other", "o", made_record("o"));
    CHECK(run_ktstr(sandbox, {"stats", "compare", "old", "other"}).exit.exit_code == 2);
    CHECK(run_ktstr(sandbox, {"stats", "compare", "old"}).exit.exit_code == 64);
    CHECK(run_ktstr(sandbox, {"stats", "compare"}).exit.exit_code == 64);
    CHECK(run_ktstr(sandbox, {"stats", "compare", "old", "nowhere"}).exit.exit_code == 64);
}

TEST_CASE("stats compare slices a pool by what the two sides differ in") {
    const Sandbox sandbox;
    for (const char* kernel : {"6.12.95-ktstr", "6.14.2"}) {
        json record = made_record("s", kernel[3] == '2' ? 1000 : 500);
        record["kernel_version"] = kernel;
        put(sandbox.path("work") / "ktstr-runs" / kernel, "s", record);
    }
    const auto compared = answer(sandbox, {"stats", "compare", "--a-kernel", "6.12", "--b-kernel", "6.14"}, 1);
    CHECK(compared["scenarios"].size() == 1);
    CHECK(compared["a"]["verdicts"]["passed"] == 1);
    CHECK(run_ktstr(sandbox, {"stats", "compare", "--a-kernel", "6.12", "--b-kernel", "6.16"}).exit.exit_code == 2);
}

TEST_CASE("A pool from elsewhere is tagged as an archive") {
    const Sandbox sandbox;
    put_runs(sandbox, "one", 1000);
    CHECK(answer(sandbox, {"stats", "list-values", "--root", "ktstr-runs"})["run-source"].contains(""));
    std::filesystem::rename(sandbox.path("work") / "ktstr-runs", sandbox.path("work") / "archive");
    CHECK(answer(sandbox, {"stats", "list-values", "--root", "archive"})["run-source"]["archive"] == 5);
}

TEST_CASE("Without runs the commands say so and how to get some") {
    const Sandbox sandbox;
    const auto none = run_ktstr(sandbox, {"stats"});
    CHECK(none.exit.exit_code == 64);
    CHECK(has(none.errors, "ktstr-runs"));
    std::filesystem::create_directories(sandbox.path("work") / "ktstr-runs");
    CHECK(run_ktstr(sandbox, {"stats"}).exit.exit_code == 2);
}

TEST_CASE("perf-delta judges stored runs, and needs more than one of each side") {
    const Sandbox sandbox;
    put_runs(sandbox, "old", 1000);
    put_runs(sandbox, "slow", 400);
    const std::string root = "ktstr-runs/";
    const auto slower = run_ktstr(sandbox, {"perf-delta", "--from", root + "old", "--to", root + "slow"});
    CHECK(slower.exit.exit_code == 1);
    CHECK(has(slower.output, "worse: 2 metrics worse") == false); // iterations stay as they are
    CHECK(has(slower.output, "worse: 1 metric worse"));
    CHECK(run_ktstr(sandbox, {"perf-delta", "--from", root + "old", "--to", root + "old"}).exit.exit_code == 0);
    CHECK(run_ktstr(sandbox, {"perf-delta", "--from", root + "old/1", "--to", root + "slow/1"}).exit.exit_code == 2);
}

TEST_CASE("perf-delta refuses what says nothing to compare") {
    const Sandbox sandbox;
    const auto refused = [&](std::vector<std::string> words, std::string_view because) {
        words.insert(words.begin(), "perf-delta");
        const auto outcome = run_ktstr(sandbox, std::move(words));
        INFO(outcome.errors);
        CHECK(outcome.exit.exit_code == 64);
        CHECK(has(outcome.errors, because));
    };
    sandbox.write("a.ktl", "scenario \"s\" {\n  cgroup a { workers 1 of spin_wait }\n}\n");
    refused({}, "nothing to run");
    refused({"a.ktl"}, "both sides are the same");
    refused({"--from", "x"}, "--to");
    refused({"a.ktl", "--baseline", "nowhere"}, "nowhere");
    refused({"a.ktl", "--build", "make", "--scheduler", "x"}, "--baseline-rev");
    refused({"a.ktl", "--baseline-rev", "HEAD"}, "git repository");
}

TEST_CASE("run refuses a scheduler for scenarios that have none") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", "scenario \"s\" {\n  cgroup a { workers 1 of spin_wait }\n}\n");
    const auto outcome = run_ktstr(sandbox, {"run", "a.ktl", "--scheduler", "scx_other"});
    CHECK(outcome.exit.exit_code == 64);
    CHECK(has(outcome.errors, "no scenario"));
}

TEST_CASE("perf-delta builds a commit in a directory of its own, and removes it when that fails") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", "scenario \"s\" {\n  cgroup a { workers 1 of spin_wait }\n}\n");
    sandbox.write("mark", "of the commit\n");
    for (const std::string step : {"init -q", "add .", "-c user.name=a -c user.email=a@b commit -qm one"}) {
        const auto done = run_command(sandbox.options({"sh", "-c", "git " + step}));
        REQUIRE((done && done->exit.clean()));
    }
    sandbox.write("mark", "of the tree\n");
    const auto outcome =
        run_ktstr(sandbox, {"perf-delta", "a.ktl", "--baseline-rev", "HEAD", "--build", "pwd; cat mark; exit 3"});
    INFO(outcome.errors);
    CHECK(outcome.exit.exit_code == 64);
    CHECK(has(outcome.errors, "of the commit\n"));
    CHECK(has(outcome.errors, "ktstr-baseline-"));
    CHECK(has(outcome.errors, "ended with exit code 3"));
    CHECK(sandbox.leftovers().empty());
    CHECK(*read_file(sandbox.path("work") / "mark") == "of the tree\n");
}
