// SPDX-License-Identifier: GPL-2.0-only
// Several schedulers in one run, their files and cgroups, and those that are built into the kernel.
#include <catch2/catch_test_macros.hpp>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;

namespace {

nlohmann::json record_of(const Sandbox& sandbox, const Outcome& outcome) {
    const auto text = read_file(sandbox.path("work") / outcome.lines().at(0)["sidecar"].get<std::string>());
    REQUIRE(text);
    return nlohmann::json::parse(*text);
}

Outcome run_text(const Sandbox& sandbox, const std::string& text) {
    sandbox.write("a.ktl", text);
    return run_ktstr(sandbox, {"run", "a.ktl", "--format", "json", "--out", "records"});
}

std::string words_of(const nlohmann::json& events, const std::string& kind) {
    std::string words;
    for (const auto& event : events)
        if (event["kind"] == kind || event["op"] == kind) words += event["detail"].get<std::string>() + "; ";
    return words;
}

} // namespace

TEST_CASE("schedulers replace each other in mid-run, each with its configuration and in its cgroup") {
    const Sandbox sandbox;
    sandbox.write("long.conf", "# for throughput\nslice-us 20000\n");
    const auto outcome = run_text(sandbox, R"(
scheduler short { binary "scx_ktstr"  args ["--slice-us", "1000"] }
payload pins    { binary "ls"  args ["/sys/fs/bpf"] }
scheduler long  { binary "scx_ktstr"  config "long.conf"  cgroup_parent "services/long" }

scenario "one after the other" {
  scheduler short
  duration 900ms
  backdrop { cgroup a { workers 2 of spin_wait } }
  step "replaced" for 300ms { pin_map task_states  replace_scheduler long  run pins }
  step "none"     for 300ms { detach_scheduler }
  step "back"     for 300ms { attach_scheduler short }
  expect { progress }
}
)");
    INFO(outcome.output << outcome.errors);
    REQUIRE(outcome.exit.exit_code == 0);
    const auto record = record_of(sandbox, outcome);
    CHECK(words_of(record["stimulus_events"], "replace_scheduler") == "short -> long; ");
    const auto pinned = words_of(record["stimulus_events"], "pin_bpf_map");
    CHECK(pinned.starts_with("task_states: map "));
    CHECK(pinned.ends_with(" at /sys/fs/bpf/task_states; "));
    CHECK(record["payloads"][0]["stdout"] == "task_states\n"); // after the scheduler that made it has gone
    std::vector<std::string> exits;
    for (const auto& exit : record["scheduler_exits"]) {
        exits.push_back(exit["scheduler"]);
        CHECK(exit["attached"] == true);
        CHECK(exit["requested"] == true);
    }
    CHECK(exits == std::vector<std::string>{"short", "long", "short"});
    const auto log = record["scheduler_log"].get<std::string>();
    const auto at = log.find("slice 1000 us, in cgroup /\n");
    const auto then = log.find("slice 20000 us, in cgroup /services/long\n");
    INFO(log);
    CHECK(at < then);
    CHECK(then < log.find("slice 1000 us", then));
    CHECK(log.find("slice 1000 us", then) != std::string::npos);
}

TEST_CASE("a BPF map that is not there is told with those that are") {
    const Sandbox sandbox;
    const auto outcome = run_text(sandbox, R"(
scheduler fixture { binary "scx_ktstr" }
scenario "no such map" {
  scheduler fixture
  duration 300ms
  cgroup a { workers 1 of spin_wait }
  pin_map taks_states
  expect { progress }
}
)");
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 1);
    CHECK(outcome.output.find("the kernel has no BPF map 'taks_states'") != std::string::npos);
    CHECK(record_of(sandbox, outcome)["hint"].get<std::string>().find("task_states") != std::string::npos);
}

TEST_CASE("a scheduler that is built into the kernel is switched on and off by its commands") {
    const Sandbox sandbox;
    const auto outcome = run_text(sandbox, R"(
scheduler tuned {
  enable  "echo NO_PREEMPT_SHORT > /sys/kernel/debug/sched/features && echo switched on"
  disable "echo PREEMPT_SHORT > /sys/kernel/debug/sched/features && echo switched off"
}
scenario "in the kernel" {
  scheduler tuned
  duration 300ms
  cgroup a { workers 1 of spin_wait }
  expect { progress }
}
)");
    INFO(outcome.output << outcome.errors);
    REQUIRE(outcome.exit.exit_code == 0);
    const auto record = record_of(sandbox, outcome);
    CHECK(record["scheduler_log"] == "switched on\nswitched off\n");
    CHECK(words_of(record["stimulus_events"], "scheduler_attached") == "tuned; ");
}

TEST_CASE("a command of a built-in scheduler that fails fails the run with its exit code and its words") {
    const Sandbox sandbox;
    const auto outcome = run_text(sandbox, R"(
scheduler broken {
  enable  "echo no such knob >&2; exit 3"
  disable "true"
}
scenario "in the kernel" {
  scheduler broken
  duration 300ms
  cgroup a { workers 1 of spin_wait }
  expect { progress }
}
)");
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 1);
    CHECK(outcome.output.find("the scheduler broken failed in its `enable` (exit code 3)") != std::string::npos);
    CHECK(record_of(sandbox, outcome)["scheduler_log"] == "no such knob\n");
}
