// SPDX-License-Identifier: GPL-2.0-only
// `ktstr run --host` on a machine that can be spared: ktstr itself is the payload of a virtual one.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

namespace fs = std::filesystem;

// What is said in the machine is kept between "== <part>" lines.
constexpr const char* script = R"sh(export HOME=/tmp
left() { ls /sys/fs/cgroup | grep ^ktstr- ; ls /tmp | grep ^ktstr-host ; }
settle() { n=0; while [ -n "$(left)" ] && [ $n -lt 200 ]; do sleep 0.1; n=$((n+1)); done; }
start() {
  ktstr run --host long.ktl --out /tmp/records >/dev/null 2>&1 &
  pid=$!
  n=0; until [ -d /sys/fs/cgroup/ktstr-$pid/ktstr/all ] || [ $n -gt 200 ]; do sleep 0.1; n=$((n+1)); done
  [ -d /sys/fs/cgroup/ktstr-$pid/ktstr/all ] && echo running
}
part() { echo "== $1"; }
part run
ktstr run --host short.ktl --format json --out /tmp/records 2>&1
part left
left
part refused
ktstr run --host refused.ktl 2>&1; echo "exit $?"
for signal in INT KILL; do
  part $signal
  start
  kill -$signal $pid; wait $pid
  settle; left
done
part cleanup
start
keeper=$(pgrep -o -f "ktstr-executor host")
kill -STOP $keeper; kill -KILL $pid $keeper; wait $pid
ktstr cleanup; left; ktstr cleanup
part end
)sh";

constexpr const char* short_scenarios = R"(
scheduler fixture { binary "scx_ktstr" }
payload where { binary "./where"  files ["short.ktl"]  output json }
scenario "cgroups" {
  topology 1n2l1c1t
  duration 200ms
  cgroup hot  { cpuset llc(0)  workers 1 of spin_wait comm "ctprof_spinner" }
  cgroup cold { cpuset llc(1)  workers 2 of bursty }
  spawn 1 of spin_wait in host
  run where in hot
  wait where in hot
  ctprof look
  expect { progress  isolation }
  check "a capture of the machine" lua [[
    local look = run:ctprof("look")
    claim("the worker's"):equals(#look:threads{process = "ctprof_spinner"}, 1)
    claim("kthreadd"):equals(look:thread{pid = 2}.heap, "kernel_thread")
  ]]
}
scenario "own scheduler" {
  scheduler fixture
  topology 1n1l2c1t
  duration 200ms
  cgroup all { workers 2 of spin_wait }
  expect { progress }
}
scenario "too large" {
  topology 1n1l64c1t
  cgroup all { workers 1 of spin_wait }
}
)";

void write_program(const Sandbox& sandbox, const std::string& name, const std::string& text) {
    fs::permissions(sandbox.write(name, text), fs::perms(0755));
}

// What was said in one part.
std::string part(const std::string& output, const std::string& name) {
    const std::string head = "== " + name + "\n";
    const auto at = output.find(head);
    INFO(output);
    REQUIRE(at != std::string::npos);
    const auto first = at + head.size();
    return output.substr(first, output.find("== ", first) - first);
}

std::string output_of_guest(const Sandbox& sandbox) {
    const auto outcome = run_ktstr(sandbox, {"run", "outer.ktl", "--out", "records", "--format", "json"});
    INFO(outcome.errors);
    const auto lines = outcome.lines();
    REQUIRE(lines.size() == 2);
    const auto content = read_file(sandbox.path("work") / lines[0]["sidecar"].get<std::string>());
    REQUIRE(content);
    const auto record = nlohmann::json::parse(*content);
    for (const auto& payload : record["payloads"])
        if (payload["name"] == "all") return payload["stdout"].get<std::string>();
    FAIL("the script did not run");
    return "";
}

} // namespace

TEST_CASE("scenarios run on the machine itself, and nothing is left of a run that is interrupted or killed") {
    const Sandbox sandbox;
    const fs::path programs = fs::path(KTSTR_PROGRAM).parent_path();
    write_program(sandbox, "all", "#!/bin/sh\nPATH=" + programs.string() + ":$PATH\n" + script);
    write_program(sandbox, "where", "#!/bin/sh\n[ -f short.ktl ] && echo '{\"files\": 1}'\n");
    sandbox.write("short.ktl", short_scenarios);
    sandbox.write("long.ktl",
                  "scenario \"long\" { topology 1n1l2c1t  duration 60s  cgroup all { workers 2 of spin_wait } }\n");
    sandbox.write("refused.ktl",
                  "scenario \"refused\" {\n  topology 1n1l2c1t\n  sysctl \"kernel.numa_balancing\" = \"0\"\n"
                  "  cgroup all { workers 2 of spin_wait }\n}\n");
    sandbox.write("outer.ktl", R"(
payload all {
  binary "./all"
  files  ["where", "short.ktl", "long.ktl", "refused.ktl", "/usr/bin/ls", "/usr/bin/grep", "/usr/bin/sleep",
          "/usr/bin/pgrep", ")" + (programs / "ktstr").string() +
                                   "\", \"" + (programs / "ktstr-executor").string() + "\", \"" +
                                   (programs / "scx_ktstr").string() + R"("]
}
scenario "a machine to spare" {
  topology 1n2l2c1t
  memory   768MiB
  duration 200ms
  cgroup box { workers 1 of yield_heavy }
  run all
  wait all at_most 5min
  expect { progress }
}
)");
    const std::string output = output_of_guest(sandbox);
    INFO(output);
    CHECK_THAT(part(output, "run"), ContainsSubstring("\"skip\":1"));
    CHECK_THAT(part(output, "run"), ContainsSubstring("\"pass\":2"));
    CHECK_THAT(part(output, "run"), ContainsSubstring("it asks for 64 CPUs, and this machine has 4"));
    CHECK(part(output, "left").empty());
    CHECK_THAT(part(output, "refused"), ContainsSubstring("refused.ktl:1") && ContainsSubstring("exit 64"));
    CHECK(part(output, "INT") == "running\n");
    CHECK(part(output, "KILL") == "running\n");
    const std::string cleanup = part(output, "cleanup");
    CHECK_THAT(cleanup, ContainsSubstring("running\nremoved cgroup /sys/fs/cgroup/ktstr-"));
    CHECK_THAT(cleanup, ContainsSubstring("removed directory of a run /tmp/ktstr-host-"));
    CHECK_THAT(cleanup, ContainsSubstring("nothing is left of dead runs"));
}
