// SPDX-License-Identifier: GPL-2.0-only
// Programs of the host in a guest, on good days and on bad ones. One run holds as many of them as it can.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

void write_program(const Sandbox& sandbox, const std::string& name, const std::string& text) {
    std::filesystem::permissions(sandbox.write(name, text), std::filesystem::perms(0755));
}

nlohmann::json record_of(const Outcome& outcome, const Sandbox& sandbox) {
    INFO(outcome.errors);
    const auto lines = outcome.lines();
    REQUIRE(lines.size() == 2);
    const auto content = read_file(sandbox.path("work") / lines[0]["sidecar"].get<std::string>());
    REQUIRE(content);
    return nlohmann::json::parse(*content);
}

const nlohmann::json& payload_of(const nlohmann::json& record, const std::string& name) {
    for (const auto& payload : record["payloads"])
        if (payload["name"] == name) return payload;
    FAIL("no payload " << name);
    return record;
}

Outcome run_file(const Sandbox& sandbox, const std::string& text) {
    sandbox.write("a.ktl", text);
    return run_ktstr(sandbox, {"run", "a.ktl", "--out", "records", "--format", "json"});
}

} // namespace

TEST_CASE(
    "payloads that flood, daemonize, hang, fail, or are gone from the guest are each a line, and the rest is judged") {
    const Sandbox sandbox;
    write_program(sandbox, "flood", "#!/bin/sh\nyes 01234567890123456789 | head -c 3000000\necho the end\n");
    write_program(sandbox, "daemon", "#!/bin/sh\nsetsid sleep 1000 </dev/null >/dev/null 2>&1 &\necho '{\"up\": 1}'\n");
    write_program(sandbox, "fails", "#!/bin/sh\necho oh no >&2\nexit 7\n");
    write_program(sandbox, "remover", "#!/bin/sh\nrm /ktstr/bin/removed\n");
    write_program(sandbox, "removed", "#!/bin/sh\n");
    const auto outcome = run_file(sandbox, R"(
payload flood   { binary "./flood"  files ["/usr/bin/yes", "/usr/bin/head"] }
payload daemon  { binary "./daemon"  files ["/usr/bin/setsid", "/usr/bin/sleep"]  output json }
payload fails   { binary "./fails" }
payload hangs   { binary "sleep"  args ["1000"] }
payload eats    { binary "tail"  args ["/dev/zero"] }
payload remover { binary "./remover"  files ["/usr/bin/rm"] }
payload removed { binary "./removed" }
scenario "bad day" {
  duration 200ms
  memory   256MiB
  cgroup box { workers 1 of spin_wait }
  cgroup small { memory_max 8MiB  memory_swap_max 0B }
  run daemon in box
  wait daemon in box
  run flood in box
  wait flood in box
  run fails
  wait fails
  run hangs in box
  wait hangs in box at_most 300ms
  run eats in small
  wait eats in small
  run remover
  wait remover
  run removed
  wait removed
  expect { progress  daemon.up == 1 }
}
)");
    CHECK(outcome.exit.exit_code == 1);
    const auto record = record_of(outcome, sandbox);
    CHECK(record["end"] == "completed");
    CHECK(record["workers"].size() == 1);
    CHECK(record["payloads"].size() == 7);
    const auto& flood = payload_of(record, "flood");
    CHECK(flood["stdout_dropped_bytes"].get<int>() + (1 << 20) == 3'000'000 + 8);
    CHECK_THAT(flood["stdout"].get<std::string>(), ContainsSubstring("the end"));
    const auto& daemon = payload_of(record, "daemon");
    CHECK(daemon["exit_code"] == 0);
    CHECK(daemon["left_processes"] == 1);
    CHECK(daemon["metrics"][0]["value"] == 1);
    CHECK(payload_of(record, "fails")["stderr"] == "oh no\n");
    CHECK(payload_of(record, "fails")["exit_code"] == 7);
    const auto& hangs = payload_of(record, "hangs");
    CHECK(hangs["ended_by"] == "wait_payload");
    CHECK_THAT(hangs["error"].get<std::string>(),
               ContainsSubstring("wait_payload at a.ktl:21:3: ") && ContainsSubstring("ETIMEDOUT"));
    CHECK(payload_of(record, "eats")["exit"] == "signal 9 (Killed), by the OOM killer");
    const auto& removed = payload_of(record, "removed");
    CHECK(removed["ended_by"] == "never_started");
    CHECK_THAT(removed["error"].get<std::string>(),
               ContainsSubstring("run_payload at a.ktl:26:3: ") && ContainsSubstring("ENOENT"));
    const auto failures = outcome.lines()[0]["failures"];
    CHECK(failures.size() == 4); // fails, hangs, eats, removed
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("payloads end with the step that has started them, with a moment for their last words") {
    const Sandbox sandbox;
    write_program(sandbox, "polite",
                  "#!/bin/sh\ntrap 'echo rps: 42; exit 0' TERM\n: >/tmp/up.$$\nwhile :; do sleep 0.05; done\n");
    // The trap must be set before the step may end, however slow the guest is.
    write_program(sandbox, "both_up", "#!/bin/sh\nuntil set -- /tmp/up.*; [ $# -eq 2 ]; do sleep 0.05; done\n");
    const auto outcome = run_file(sandbox, R"(
payload polite {
  binary "./polite"
  files  ["/usr/bin/sleep"]
  output regex "^rps: ([0-9]+)$"
  metric "rps" { unit "requests/s"  better higher }
  expect { metric "rps" within 42 .. 42 }
}
payload both_up { binary "./both_up" }
payload deaf { binary "sleep"  args ["1000"] }
scenario "steps" {
  backdrop {
    cgroup box { workers 1 of bursty }
    run polite in box
  }
  step "one" for 200ms {
    cgroup own { }
    run polite in own
    run both_up
    wait both_up
    run deaf in box
  }
  step "two" for 200ms {
    run deaf in box
    kill deaf in box
  }
  expect { progress  polite.rps == 42 }
  check "both were heard" lua [[
    claim("first"):equals(run:payload("polite", 1):metric("rps"), 42)
    claim("second"):equals(run:payload("polite", 2):metric("rps"), 42)
  ]]
}
)");
    INFO(outcome.output);
    CHECK(outcome.exit.exit_code == 0);
    const auto record = record_of(outcome, sandbox);
    REQUIRE(record["payloads"].size() == 5);
    CHECK(record["payloads"][0]["ended_by"] == "teardown");
    CHECK(record["payloads"][0]["step"] == -1);
    CHECK(record["payloads"][1]["cgroup"] == "own");
    CHECK(record["payloads"][3]["ended_by"] == "teardown");
    CHECK(record["payloads"][4]["ended_by"] == "kill_payload");
    CHECK(outcome.lines()[0]["metrics"].size() == 2);
}

TEST_CASE("a program that is not on the host is named with its package before anything boots") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", "payload bench { binary \"/nowhere/hackbench\" }\n"
                           "scenario \"x\" { cgroup a { }  run bench in a  expect { progress } }\n");
    const auto outcome = run_ktstr(sandbox, {"run", "a.ktl"});
    CHECK(outcome.exit.exit_code == 64);
    CHECK_THAT(outcome.errors,
               ContainsSubstring("a.ktl:1:9: error: payload 'bench'") && ContainsSubstring("apt-get install rt-tests"));
}
