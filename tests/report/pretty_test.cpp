// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <sstream>

#include "base/file.h"
#include "report/reporter.h"
#include "tests/report/made_up_result.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string reported(const std::vector<report::ScenarioResult>& results, bool color = false) {
    std::ostringstream out;
    report::ReporterOptions options;
    options.style.color = color;
    options.source_line = [](const auto&, const auto&) { return std::optional<std::string>("\tspread(hot) <= 15%"); };
    const auto reporter = report::make_reporter(report::Format::pretty, out, options);
    for (const auto& result : results) reporter->add(result);
    REQUIRE(reporter->finish(8000));
    return out.str();
}

report::ScenarioResult short_failure() {
    auto result = failed_result();
    result.plan.scenario = "uneven split";
    result.record.console = "one\ntwo\n";
    return result;
}

} // namespace

TEST_CASE("the report is a table, each failure in full, a summary and a footer to go on from") {
    const std::string expected =
        R"(verdict  scenario      scheduler  topology  kernel    time
PASS     even split    eevdf      1n2l2c1t  6.12.57  3.2 s
FAIL     uneven split  scx_ktstr  1n2l2c1t  6.12.57  3.2 s

FAIL  uneven split  (scx_ktstr, 1n2l2c1t, kernel 6.12.57, 3.2 s)

  spread(hot) <= 15%: saw 23.1 % (worker 3 did 1200 units/s, worker 1 did 960 units/s)
    scenarios/even.ktl:9:5
        9 | 	spread(hot) <= 15%
          | 	   ^

  Workers
    worker  cgroup  work     type       step  units     rate  longest gap  off CPU  run delay  migrations  CPUs  exit
         0  hot     spin     spin_wait     1   2000  1000 /s         4 ms     50 %       0 ns           0  0-1   stopped
         1  hot     spin     spin_wait     1   1920   960 /s         4 ms     50 %       0 ns           0  0-1   stopped
         2  hot     spin     spin_wait     1   2000  1000 /s         4 ms     50 %       0 ns           0  0-1   stopped
         3  hot     red\x07  spin_wait     1   2400  1200 /s         4 ms     50 %       0 ns           0  0-1   stopped

  Scheduler's log
    | half a character )"
        "\xEF\xBF\xBD\xEF\xBF\xBD"
        R"( then cleared
    | bell \x07 and NUL \x00

  Kernel console
    | one
    | two

2 scenarios: 1 passed, 1 failed in 8 s

  FAIL  uneven split
    record  out/uneven.ktstr.json
    rerun   ktstr run scenarios/even.ktl --filter 'uneven split' --kernel 6.12.57 --accel tcg --seed 7
)";
    CHECK(reported({short_failure(), passed_result()}) == expected);
}

TEST_CASE("the order of the table does not depend on the order in which VMs finish") {
    CHECK(reported({passed_result(), short_failure()}) == reported({short_failure(), passed_result()}));
}

TEST_CASE("without colours the report holds no escape character, whatever the guest sent") {
    CHECK_THAT(reported({failed_result()}), !ContainsSubstring("\x1b"));
    CHECK_THAT(reported({failed_result()}, true), ContainsSubstring("\x1b[31mFAIL\x1b[0m"));
}

TEST_CASE("a huge log is shown by its tail, and says how much was left out") {
    const auto text = reported({failed_result()});
    CHECK(text.size() < 10'000);
    CHECK_THAT(text, ContainsSubstring("Kernel console, the last 30 of 1001 lines"));
    CHECK_THAT(text, !ContainsSubstring("console line 970"));
    CHECK_THAT(text, ContainsSubstring("console line 971"));
}

TEST_CASE("a run without workers or logs shows its failure alone, and that no record was written") {
    auto plan = made_up_plan();
    attach(plan, "scx_missing");
    plan.expectations = {expectation(plan::Expectation::Kind::progress, "progress")};
    plan::Record record;
    record.end = plan::RunEnd::scheduler_not_found;
    record.message = "there is no scheduler scx_missing on PATH";
    record.hint = "set KTSTR_SCHEDULER";
    const auto text = reported({judged(plan, record)});
    CHECK_THAT(text, ContainsSubstring("  there is no scheduler scx_missing on PATH\n    scenarios/even.ktl:1:1\n"));
    CHECK_THAT(text, ContainsSubstring("    hint: set KTSTR_SCHEDULER\n"));
    CHECK_THAT(text, ContainsSubstring("record  none was written"));
    CHECK_THAT(text, !ContainsSubstring("Workers"));
    CHECK_THAT(text, !ContainsSubstring("console"));
}

TEST_CASE("what an expectation could not look at is noted under it") {
    auto result = failed_result();
    result.verdict.assertions[0].notes = {"bpf.n: 1 of 8 samples has no value: periodic_003 (+2 s): no answer"};
    CHECK_THAT(reported({result}),
               ContainsSubstring("    note: bpf.n: 1 of 8 samples has no value: periodic_003 (+2 s): "
                                 "no answer\n"));
}

TEST_CASE("the scheduler's programs are shown with their runs, the one that took most time first") {
    auto result = short_failure();
    result.record.programs.list = {
        {.callback = "enqueue",
         .name = "my_enqueue",
         .verified_insns = 812,
         .run_count = 2000,
         .run_time_ns = 4'000'000},
        {.callback = "init", .name = "my_init", .verified_insns = 40, .run_count = 0, .run_time_ns = 0},
        {.callback = "dispatch", .name = "my_dispatch", .run_count = 10, .run_time_ns = 90'000'000}};
    CHECK_THAT(reported({result}), ContainsSubstring(R"(
  BPF programs
    callback  program      runs   time  mean  verified insns
    dispatch  my_dispatch    10  90 ms  9 ms               -
    enqueue   my_enqueue   2000   4 ms  2 us             812
)"));
}

TEST_CASE("a program that is close to the verifier's limit is a warning, and no failure") {
    auto result = passed_result();
    result.record.programs.list = {{.name = "my_dispatch", .verified_insns = 812'345}};
    CHECK_THAT(reported({result}),
               ContainsSubstring("PASS") && ContainsSubstring("warning: the BPF program my_dispatch took the verifier "
                                                              "812345 instructions, 81.2 % of its limit of 1000000"));
}

TEST_CASE("an expected failure shows as a pass, and a skip says why") {
    auto plan = made_up_plan();
    plan.expectations = {expected_error("stall")};
    auto record = made_up_record();
    record.end = plan::RunEnd::scheduler_exited;
    record.message = "stall";
    const auto text = reported({judged(plan, record), judged(made_up_plan(), made_up_record())});
    CHECK_THAT(text,
               ContainsSubstring("PASS     even split  eevdf      1n2l2c1t  6.12.57  3.2 s  failed, as expected\n"));
    CHECK_THAT(text, ContainsSubstring("the scenario expects nothing"));
    CHECK_THAT(text, ContainsSubstring("2 scenarios: 1 passed, 1 skipped in 8 s\n"));
    CHECK_THAT(text, !ContainsSubstring("FAIL"));
}

TEST_CASE("hundreds of workers are listed up to a limit") {
    auto record = made_up_record();
    for (int i = 4; i < 300; ++i) record.workers.push_back(worker_report(i, 0));
    auto plan = made_up_plan();
    plan.expectations = {expectation(plan::Expectation::Kind::progress, "progress")};
    const auto text = reported({judged(plan, record)});
    CHECK_THAT(text, ContainsSubstring("... and 268 more in the record"));
    CHECK(std::count(text.begin(), text.end(), '\n') < 70);
}

TEST_CASE("nothing run is a report of nothing") { CHECK(reported({}) == "\n0 scenarios: 0 passed in 8 s\n"); }

TEST_CASE("the source line is found in the scenario's file and in files below the same root") {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    REQUIRE(make_directories(directory->path() / "scenarios"));
    REQUIRE(write_file(directory->path() / "scenarios/even.ktl", "first\nsecond\n"));
    REQUIRE(write_file(directory->path() / "scenarios/shared.ktl", "shared"));
    auto result = passed_result();
    result.file = directory->path() / "scenarios/even.ktl";
    CHECK(report::read_source_line(result, {"scenarios/even.ktl", 2, 1}) == "second");
    CHECK(report::read_source_line(result, {"scenarios/shared.ktl", 1, 1}) == "shared");
    CHECK_FALSE(report::read_source_line(result, {"scenarios/even.ktl", 9, 1}));
    CHECK_FALSE(report::read_source_line(result, {"std/workloads.ktl", 1, 1}));
    CHECK_FALSE(report::read_source_line(result, {}));
}

TEST_CASE("the caret stands under its column after tabs and wide characters") {
    CHECK(report::quoted_source("\té = x", {"a.ktl", 7, 7}, "") == "    7 | \té = x\n      | \t    ^\n");
    CHECK(report::quoted_source("ab", {"a.ktl", 123456, 99}, "") == "123456 | ab\n       |   ^\n");
}

TEST_CASE("the command to run a scenario again repeats what shaped it, and names the kernel as it was named") {
    auto result = short_failure();
    result.options = {"-P", "crowd=4", "-P", "name=\"a b\"", "--topology", "1n1l4c1t", "--duration", "5s"};
    CHECK(report::rerun_command(result) ==
          "ktstr run scenarios/even.ktl --filter 'uneven split' -P crowd=4 -P 'name=\"a b\"' --topology 1n1l4c1t "
          "--duration 5s --kernel 6.12.57 --accel tcg --seed 7");
    result.options = {"--gauntlet", "ci", "--variant", result.variant};
    result.kernel_option = "./linux/vmlinux";
    CHECK(report::rerun_command(result) ==
          "ktstr run scenarios/even.ktl --filter 'uneven split' --gauntlet ci --variant " + result.variant +
              " --kernel ./linux/vmlinux --accel tcg --seed 7");
    result.options = {"--host"};
    result.record.accelerator = "host";
    CHECK(report::rerun_command(result) == "ktstr run scenarios/even.ktl --filter 'uneven split' --host --seed 7");
}
